// Package wire composes fabricd.
package wire

import (
	"context"
	"fmt"

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
	daemon, err := fabric.New(cluster, p.Events, domain)
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
	return kube.New(to, kube.Config{QPS: cfg.QPS, Burst: cfg.Burst, Logger: p.Log})
}
