// Package demeter adds Demeter to the standalone process: management, and the
// fabrics of two clusters that are kept in memory.
package demeter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"

	"github.com/hexplane/hexplane/internal/service"
	fabricd "github.com/hexplane/hexplane/services/fabricd/wire"
	management "github.com/hexplane/hexplane/services/management/wire"
)

// Clusters are the ids of the clusters.
func Clusters() []string { return []string{"berlin", "lisbon"} }

// Part is Demeter's part of the process.
type Part struct {
	// Address is where the gRPC interface listens.
	Address string
	// KeyFile holds the operator's API key.
	KeyFile string
	// Services are to be run by the host.
	Services []*service.Service
}

// Wire composes management and the fabrics on the host. The gRPC interface listens
// on addr; environ has what else the services are told.
func Wire(ctx context.Context, host *service.Host, dataDir, addr string, environ map[string]string) (*Part, error) {
	p := &Part{KeyFile: management.KeyFile(filepath.Join(dataDir, "management"))}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("GRPC_ADDR: %w", err)
	}
	p.Address = listener.Addr().String()
	if err := p.wire(ctx, host, listener, environ); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return p, nil
}

func (p *Part) wire(ctx context.Context, host *service.Host, listener net.Listener, environ map[string]string) error {
	for _, id := range Clusters() {
		own := maps.Clone(environ)
		if own == nil {
			own = map[string]string{}
		}
		own["CLUSTER_ID"] = id
		delete(own, "KUBECONFIG") // in memory, whatever the user's own is
		var cfg fabricd.Config
		if err := service.Parse(&cfg, own); err != nil {
			return err
		}
		if err := add(ctx, p, host, "fabricd-"+id, fabricd.New, cfg); err != nil {
			return err
		}
	}
	var cfg management.Config
	if err := service.Parse(&cfg, environ); err != nil {
		return err
	}
	cfg.Listener = listener
	return add(ctx, p, host, "management", management.New, cfg)
}

func add[C any](ctx context.Context, p *Part, host *service.Host, name string,
	wire func(context.Context, *service.Platform, C) (*service.Service, error), cfg C,
) error {
	platform, err := host.Platform(ctx, name)
	if err != nil {
		return err
	}
	svc, err := wire(ctx, platform, cfg)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p.Services = append(p.Services, svc)
	return nil
}
