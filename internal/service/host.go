package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/cloudevent"
	"github.com/hexplane/hexplane/eventbus/eventbusotel"
	"github.com/hexplane/hexplane/eventbus/eventbusprom"
	"github.com/hexplane/hexplane/internal/embedkafka"
)

// Host is one process: its logger, metrics, admin port, and the broker, embedded or
// not, that its services share. Make the platforms and services, then Run; a Host
// that does not run must be closed.
type Host struct {
	cfg       Config
	log       *slog.Logger
	registry  *prometheus.Registry
	broker    *embedkafka.Broker // nil when KAFKA_BROKERS is set
	transport eventbus.Transport
	tracing   tracing

	mu        sync.Mutex
	platforms map[string]*Platform
	order     []*Platform
	readiness error
}

var errStarting = errors.New("starting")

// NewHost starts the embedded broker when cfg names no other, under
// DATA_DIR/<name>/kafka. Log lines go to logs.
func NewHost(name string, cfg Config, logs io.Writer) (*Host, error) {
	log, err := newLogger(cfg, logs)
	if err != nil {
		return nil, err
	}
	h := &Host{
		cfg: cfg, log: log, registry: prometheus.NewRegistry(),
		platforms: map[string]*Platform{}, readiness: errStarting,
	}
	h.registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if h.tracing, err = newTracing(cfg.OTLPEndpoint, name); err != nil {
		return nil, err
	}
	if len(cfg.Kafka.Brokers) == 0 {
		dir := filepath.Join(cfg.dir(name), "kafka")
		h.broker, err = embedkafka.Start(embedkafka.Config{Dir: dir, Sync: cfg.DataSync, Log: log})
		if err != nil {
			return nil, err
		}
		h.cfg.Kafka.Brokers = h.broker.Addrs()
	}
	if h.transport, err = newTransport(h.cfg.Kafka); err != nil {
		h.closeBroker()
		return nil, err
	}
	return h, nil
}

// Brokers returns the addresses of the brokers in use.
func (h *Host) Brokers() []string { return h.cfg.Kafka.Brokers }

// Platform returns the platform of the service of that name, and opens its stores
// and producer at the first call. It returns ErrInUse when another process has them.
func (h *Host) Platform(ctx context.Context, name string) (*Platform, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p, ok := h.platforms[name]; ok {
		return p, nil
	}
	p, err := h.newPlatform(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("service %s: %w", name, err)
	}
	h.platforms[name] = p
	h.order = append(h.order, p)
	return p, nil
}

// Close empties the outboxes as far as ctx allows, then closes producers, stores and
// the broker. Run does it by itself. It may be called more than once.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, p := range h.order {
		if err := p.Docs.Flush(ctx); err != nil {
			p.Log.WarnContext(ctx, "events stay in the outbox until the next start", "error", err)
		}
	}
	for _, p := range h.order {
		if err := p.close(); err != nil {
			errs = append(errs, fmt.Errorf("service %s: close: %w", p.Name, err))
		}
	}
	h.platforms, h.order = map[string]*Platform{}, nil
	h.closeBroker()
	if err := h.tracing.shutdown(ctx); err != nil {
		h.log.WarnContext(ctx, "last spans not sent", "error", err)
	}
	return errors.Join(errs...)
}

func (h *Host) closeBroker() {
	if h.broker != nil {
		h.broker.Close()
	}
}

func (h *Host) setReadiness(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readiness = err
}

// Ready returns nil while every part runs, else why it is not ready.
func (h *Host) Ready() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.readiness
}

// bus returns the bus of one service.
func (h *Host) bus(name string, metrics prometheus.Registerer) (*Bus, error) {
	observer, err := eventbusprom.New(metrics)
	if err != nil {
		return nil, err
	}
	return NewBus(h.transport, eventbus.FactoryConfig{
		Logger:   quiet(h.log.With("service", name)),
		Observer: observer,
		Tracer:   eventbusotel.New(h.tracing.provider),
		Serializers: map[eventbus.ClientType]eventbus.Serializer{
			eventbus.ClientExternal: cloudevent.New("/hexplane/" + name),
		},
		Consumer: eventbus.ConsumerConfig{DrainTimeout: h.cfg.ShutdownTimeout},
		Producer: eventbus.ProducerConfig{Tag: name},
	}), nil
}
