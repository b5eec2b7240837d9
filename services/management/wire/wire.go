// Package wire composes management.
package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/sqlbox"
	"github.com/hexplane/hexplane/internal/portschema"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/demeterdb"
	"github.com/hexplane/hexplane/management/grpcapi"
	"github.com/hexplane/hexplane/management/statedb"
	"github.com/hexplane/hexplane/services/management/events"
)

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "management", Summary: "manages Demeter's accounts, projects, ports and clusters over gRPC",
		AdminAddr: "127.0.0.1:9088", New: New,
		// Some 10 MB stay in memory, and a call makes 40 KiB of garbage: at Go's default
		// the collector takes a tenth of the time. So the heap has 50 to 70 MB under load.
		GCPercent: 400,
		Commands: []service.Command[Config]{{
			Name: "operator-key", Summary: "makes a value for OPERATOR_KEY and prints it", Run: printKey,
		}},
	}
}

// New wires the service on a platform.
func New(ctx context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	return build(ctx, p, cfg, ports{})
}

// ports are wrapped around the driven ports when set: tests crash there.
type ports struct {
	state   func(management.StateStore) management.StateStore
	demeter func(management.DemeterStore) management.DemeterStore
	events  func(eventbus.Publisher) eventbus.Publisher
}

func build(ctx context.Context, p *service.Platform, cfg Config, around ports) (*service.Service, error) {
	d := &daemon{log: p.Log, around: around}
	if err := d.open(ctx, p, cfg); err != nil {
		return nil, errors.Join(err, d.close())
	}
	registries, err := events.Registries(d.domain)
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return &service.Service{
		Platform:  p,
		Consumers: []service.Consumer{{Group: p.Name, Registries: registries}},
		Loops:     []service.Loop{{Name: "management", Run: d.run}},
	}, nil
}

func (d *daemon) open(ctx context.Context, p *service.Platform, cfg Config) (err error) {
	tlsConfig, err := cfg.tls()
	if err != nil {
		return err
	}
	traces := propagation.TraceContext{}
	d.state, err = statedb.Open(ctx, statedb.Config{
		URL: string(p.Config.DatabaseURL), Path: filepath.Join(p.Dir, "state.db"), Full: p.Config.DataSync,
		Outbox: sqlbox.Add, Stamp: stampTrace(traces),
	})
	if err != nil {
		return err
	}
	if err := sqlbox.CreateTables(ctx, d.state.DB()); err != nil {
		return err
	}
	d.demeter, err = demeterdb.Open(ctx, demeterdb.Config{
		URL: string(cfg.DemeterURL), Path: filepath.Join(p.Dir, "demeter.db"), Full: p.Config.DataSync,
	})
	if err != nil {
		return err
	}
	state, demeter, bus := d.ports(p.Events)
	d.domain = management.New(state, demeter, portschema.New(), cfg.domain(p))
	key, err := operatorKey(p, cfg)
	if err != nil {
		return err
	}
	if err := d.domain.Bootstrap(ctx, key); err != nil {
		return err
	}
	d.relay = sqlbox.NewRelay(d.state.DB(), bus, sqlbox.RelayConfig{Logger: p.Log, Batch: 500, Poll: 50 * time.Millisecond})
	metrics, err := newMetrics(p.Metrics)
	if err != nil {
		return err
	}
	d.server = grpcapi.New(d.domain, grpcapi.Config{
		TLS: tlsConfig, Logger: p.Log, ShutdownTimeout: p.Config.ShutdownTimeout / 2,
		Options: []grpc.ServerOption{
			grpc.StatsHandler(metrics),
			grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithPropagators(traces))),
		},
	})
	if d.listener = cfg.Listener; d.listener == nil {
		if d.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.GRPCAddr); err != nil {
			return fmt.Errorf("GRPC_ADDR: %w", err)
		}
	}
	return nil
}

// ports returns what the domain works on.
func (d *daemon) ports(bus eventbus.Publisher) (management.StateStore, management.DemeterStore, eventbus.Publisher) {
	var state management.StateStore = d.state
	var demeter management.DemeterStore = d.demeter
	if d.around.state != nil {
		state = d.around.state(state)
	}
	if d.around.demeter != nil {
		demeter = d.around.demeter(demeter)
	}
	if d.around.events != nil {
		bus = d.around.events(bus)
	}
	return state, demeter, bus
}

// stampTrace lets events continue the trace of the call that causes them.
func stampTrace(propagator propagation.TraceContext) func(context.Context, ...*eventbus.Message) {
	return func(ctx context.Context, msgs ...*eventbus.Message) {
		carrier := propagation.MapCarrier{}
		propagator.Inject(ctx, carrier)
		if len(carrier) == 0 {
			return
		}
		for _, msg := range msgs {
			msg.TraceID = carrier
		}
	}
}
