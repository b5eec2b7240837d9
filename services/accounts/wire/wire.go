// Package wire composes accounts.
package wire

import (
	"context"
	"time"

	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/accounts/events"
	"github.com/hexplane/hexplane/services/accounts/rest"
	"github.com/hexplane/hexplane/services/accounts/usecase"
)

// Config is what only accounts reads from its environment.
type Config struct {
	DeletionInterval time.Duration `env:"DEVICE_DELETION_INTERVAL" envDefault:"1h" desc:"how often inactive devices are deleted; 0: only by device-deletion-job"`
	AlertBefore      time.Duration `env:"DEVICE_ALERT_BEFORE" envDefault:"72h" desc:"how long before its deletion a device is announced"`
	Maintenance      time.Duration `env:"MAINTENANCE_INTERVAL" envDefault:"30s" desc:"how often interrupted work is looked for"`
}

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "accounts", Summary: "keeps accounts, their users and their devices",
		HTTPAddr: "127.0.0.1:8081", AdminAddr: "127.0.0.1:9081", New: New,
		Commands: []service.Command[Config]{{
			Name: "device-deletion-job", Summary: "deletes inactive devices once, and ends", Run: runDeletionJob,
		}},
	}
}

// New wires the service on a platform.
func New(_ context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	app := newApp(p, cfg)
	registries, err := events.Registries(app)
	if err != nil {
		return nil, err
	}
	loops := []service.Loop{{Name: "maintenance", Run: func(ctx context.Context) error {
		return app.RunMaintenance(ctx, orDefault(cfg.Maintenance, 30*time.Second))
	}}}
	if cfg.DeletionInterval > 0 {
		loops = append(loops, service.Loop{Name: "device deletion", Run: func(ctx context.Context) error {
			return app.RunDeletion(ctx, cfg.DeletionInterval)
		}})
	}
	return &service.Service{
		Platform:  p,
		Handler:   rest.New(p.Log, app),
		Consumers: []service.Consumer{{Group: p.Name, Registries: registries}},
		Loops:     loops,
	}, nil
}

func runDeletionJob(ctx context.Context, p *service.Platform, cfg Config) error {
	result, err := newApp(p, cfg).DeleteInactiveDevices(ctx)
	p.Log.InfoContext(ctx, "inactive devices", "deleted", result.Deleted, "alerted", result.Alerted)
	return err
}

func newApp(p *service.Platform, cfg Config) *usecase.App {
	return usecase.New(p.Docs, usecase.Config{AlertBefore: cfg.AlertBefore, Log: p.Log})
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d <= 0 {
		return fallback
	}
	return d
}
