// Package wire composes rsadaptor.
package wire

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadminprom"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/rsadaptor/events"
	"github.com/hexplane/hexplane/services/rsadaptor/realm"
	"github.com/hexplane/hexplane/services/rsadaptor/usecase"
)

// Config is what only rsadaptor reads from its environment.
type Config struct {
	URL        string `env:"HSADMIN_URL" desc:"base URL of the HomeSecure backend; {isp_id} in it stands for each provider's id; required"`
	ClientCert string `env:"HSADMIN_CLIENT_CERT" desc:"PEM file of the client certificate"`
	ClientKey  string `env:"HSADMIN_CLIENT_KEY" desc:"PEM file of the client key"`
	CA         string `env:"HSADMIN_CA" desc:"PEM file of the backend's authority; unset: the system's"`
}

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "rsadaptor", Summary: "writes RouterSecure configurations to the HomeSecure backend",
		AdminAddr: "127.0.0.1:9086", New: New,
	}
}

// New wires the service on a platform.
func New(_ context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	if cfg.URL == "" {
		return nil, errors.New("HSADMIN_URL is not set")
	}
	metrics, err := hsadminprom.New(p.Metrics)
	if err != nil {
		return nil, err
	}
	realms, err := realm.New(hsadmin.Config{
		Hooks:       []any{metrics},
		Log:         p.Log,
		BaseURL:     cfg.URL,
		Credentials: hsadmin.Credentials{CertFile: cfg.ClientCert, KeyFile: cfg.ClientKey, CAFile: cfg.CA},
	})
	if err != nil {
		return nil, err
	}
	registries, err := events.Registries(usecase.New(realms, p.Events, p.Log))
	if err != nil {
		realms.Close()
		return nil, err
	}
	return &service.Service{
		Platform:  p,
		Consumers: []service.Consumer{{Group: p.Name, Registries: registries}},
		Loops: []service.Loop{{Name: "realms", Run: func(ctx context.Context) error {
			<-ctx.Done()
			realms.Close()
			return nil
		}}},
	}, nil
}
