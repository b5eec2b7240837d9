// Package wire composes notifications.
package wire

import (
	"context"
	"time"

	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/notifications/events"
	"github.com/hexplane/hexplane/services/notifications/rest"
	"github.com/hexplane/hexplane/services/notifications/usecase"
)

// Config is what only notifications reads from its environment.
type Config struct {
	Keep time.Duration `env:"NOTIFICATIONS_KEEP" envDefault:"2160h" desc:"how long notifications are kept"`
}

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "notifications", Summary: "keeps what customers are told of their devices",
		HTTPAddr: "127.0.0.1:8088", AdminAddr: "127.0.0.1:9088", New: New,
	}
}

// New wires the service on a platform.
func New(_ context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	if cfg.Keep <= 0 {
		cfg.Keep = 90 * 24 * time.Hour
	}
	inbox := usecase.NewInbox(p.Docs, cfg.Keep, time.Now)
	registries, err := events.Registries(inbox)
	if err != nil {
		return nil, err
	}
	return &service.Service{
		Platform:  p,
		Handler:   rest.New(p.Log, inbox),
		Consumers: []service.Consumer{{Group: p.Name, Registries: registries}},
		Loops:     []service.Loop{service.Every("forget old notifications", time.Hour, p.Log, inbox.Forget)},
	}, nil
}
