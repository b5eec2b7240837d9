// Package wire composes rsevents.
package wire

import (
	"context"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/rsevents/events"
	"github.com/hexplane/hexplane/services/rsevents/usecase"
)

// Config is what only rsevents reads from its environment.
type Config struct {
	Tell []string `env:"NOTIFY_EVENTS" envDefault:"device_event_new_device" desc:"reports that customers are told of"`
}

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "rsevents", Summary: "turns reports of the HomeSecure backend into events of the core",
		AdminAddr: "127.0.0.1:9087", New: New,
	}
}

// New wires the service on a platform.
func New(_ context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	registries, err := events.Registries(usecase.NewReports(p.Events, cfg.Tell))
	if err != nil {
		return nil, err
	}
	return &service.Service{
		Platform: p,
		Consumers: []service.Consumer{{
			Group: p.Name, ClientType: eventbus.ClientExternal, Registries: registries,
		}},
	}, nil
}
