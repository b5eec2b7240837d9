// Package wire composes rsagents.
package wire

import (
	"context"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/internal/taskhost"
	"github.com/hexplane/hexplane/services/rsagents/client"
	"github.com/hexplane/hexplane/services/rsagents/domain"
	"github.com/hexplane/hexplane/services/rsagents/events"
	"github.com/hexplane/hexplane/services/rsagents/rest"
	"github.com/hexplane/hexplane/services/rsagents/usecase"
)

// Config is what only rsagents reads from its environment. A zero field means its
// default.
type Config struct {
	RSClientURL string        `env:"RSCLIENT_URL" envDefault:"http://127.0.0.1:8083" desc:"where rsclient answers"`
	BulkSize    int           `env:"SYNC_BULK_SIZE" envDefault:"100" desc:"agent packages that one bulk of a full sync replays"`
	Timeout     time.Duration `env:"SYNC_REQUEST_TIMEOUT" envDefault:"5m" desc:"how long rsadaptor may take to answer before it is asked again"`
	Attempts    int           `env:"SYNC_REQUEST_ATTEMPTS" envDefault:"6" desc:"how often rsadaptor is asked"`
}

func (c Config) withDefaults() Config {
	if c.RSClientURL == "" {
		c.RSClientURL = "http://127.0.0.1:8083"
	}
	if c.BulkSize <= 0 {
		c.BulkSize = 100
	}
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Minute
	}
	if c.Attempts <= 0 {
		c.Attempts = 6
	}
	return c
}

// callTimeout bounds a call to rsclient.
const callTimeout = 10 * time.Second

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "rsagents", Summary: "keeps the packages of the router agent",
		HTTPAddr: "127.0.0.1:8084", AdminAddr: "127.0.0.1:9084", New: New,
	}
}

// New wires the service on a platform.
func New(ctx context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	cfg = cfg.withDefaults()
	catalogs := docstore.NewCollection[domain.Catalog](p.Docs, "catalogs")
	definitions := usecase.Definitions(catalogs, usecase.SyncConfig{
		BulkSize: cfg.BulkSize, Timeout: cfg.Timeout, Attempts: cfg.Attempts,
	})
	tasks, drive, err := taskhost.New(ctx, p, asynctask.Config{}, definitions...)
	if err != nil {
		return nil, err
	}
	registries, err := events.Registries(events.App{
		Replies: usecase.NewReplies(catalogs, tasks, p.Docs.Publisher()), Tasks: tasks,
	})
	if err != nil {
		return nil, err
	}
	references := client.New(cfg.RSClientURL, p.Client(callTimeout))
	return &service.Service{
		Platform:  p,
		Handler:   rest.New(p.Log, usecase.NewPackages(catalogs, references, time.Now), tasks),
		Consumers: []service.Consumer{{Group: p.Name, Registries: registries}},
		Loops:     []service.Loop{drive},
	}, nil
}
