// Package wire composes fabricd.
package wire

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/kube"
	"github.com/hexplane/hexplane/fabric/memcluster"
	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/service"
)

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "fabricd", Summary: "creates a cluster's namespaces and ports and reports what exists",
		AdminAddr: "127.0.0.1:9089", New: New,
	}
}

// New wires the service on a platform.
func New(_ context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	return build(p, cfg, ports{})
}

// ports are wrapped around the driven ports when set: tests crash there.
type ports struct {
	cluster func(fabric.Cluster) fabric.Cluster
	events  func(eventbus.Publisher) eventbus.Publisher
}

func build(p *service.Platform, cfg Config, around ports) (*service.Service, error) {
	cluster, err := openCluster(p, cfg)
	if err != nil {
		return nil, err
	}
	domain, err := cfg.fabric()
	if err != nil {
		return nil, err
	}
	backlog := &backlog{}
	domain.Logger, domain.Lag = p.Log, backlog.records
	var events eventbus.Publisher = p.Events
	if around.events != nil {
		events = around.events(events)
	}
	if around.cluster != nil {
		cluster = around.cluster(cluster)
	}
	daemon, err := fabric.New(cluster, events, domain)
	if err != nil {
		return nil, err
	}
	callback, err := daemon.Callback()
	if err != nil {
		return nil, err
	}
	if err := p.Metrics.Register(newCollector(daemon, cfg.ClusterID)); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return &service.Service{
		Platform: p,
		Consumers: []service.Consumer{{
			Group:      "fabric-" + cfg.ClusterID,
			Registries: []eventbus.Registry{{Topic: demeterevent.EventTopic, Callback: callback}},
			Started:    backlog.of,
		}},
		Loops: []service.Loop{{Name: "fabric", Run: daemon.Run}},
	}, nil
}

func openCluster(p *service.Platform, cfg Config) (fabric.Cluster, error) {
	switch {
	case cfg.Cluster != nil:
		return cfg.Cluster, nil
	case cfg.Kubeconfig == "":
		p.Log.Info("no KUBECONFIG: the cluster is kept in memory", "cluster_id", cfg.ClusterID)
		return memcluster.New(memcluster.Config{PortKinds: cfg.PortKinds}), nil
	}
	to, err := kube.LoadConfig(cfg.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("KUBECONFIG: %w", err)
	}
	return kube.New(to, kube.Config{QPS: cfg.QPS, Burst: cfg.Burst, Wrap: traced(p), Logger: p.Log})
}

// traced makes the requests of an HTTP client part of the trace of the event that
// they are made for.
func traced(p *service.Platform) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return otelhttp.NewTransport(next,
			otelhttp.WithTracerProvider(p.Traces), otelhttp.WithPropagators(propagation.TraceContext{}))
	}
}
