// Package wire composes rssync.
package wire

import (
	"context"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/jobprogress"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/internal/taskhost"
	"github.com/hexplane/hexplane/services/rssync/domain"
	"github.com/hexplane/hexplane/services/rssync/events"
	"github.com/hexplane/hexplane/services/rssync/rest"
	"github.com/hexplane/hexplane/services/rssync/usecase"
)

// Config is what only rssync reads from its environment. A zero field means its
// default.
type Config struct {
	RSClientURL string        `env:"RSCLIENT_URL" envDefault:"http://127.0.0.1:8083" desc:"where rsclient answers"`
	RSAgentsURL string        `env:"RSAGENTS_URL" envDefault:"http://127.0.0.1:8084" desc:"where rsagents answers"`
	Deadline    time.Duration `env:"SYNC_DEADLINE" envDefault:"24h" desc:"how long a full sync may take before it fails"`
}

func (c Config) withDefaults() Config {
	if c.RSClientURL == "" {
		c.RSClientURL = "http://127.0.0.1:8083"
	}
	if c.RSAgentsURL == "" {
		c.RSAgentsURL = "http://127.0.0.1:8084"
	}
	if c.Deadline <= 0 {
		c.Deadline = 24 * time.Hour
	}
	return c
}

// callTimeout bounds a call to another service.
const callTimeout = 5 * time.Second

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "rssync", Summary: "runs full syncs",
		HTTPAddr: "127.0.0.1:8085", AdminAddr: "127.0.0.1:9085", New: New,
	}
}

// New wires the service on a platform.
func New(ctx context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	cfg = cfg.withDefaults()
	tables := usecase.Tables{
		Jobs: docstore.NewCollection(p.Docs, "jobs",
			docstore.IndexBy(usecase.FieldISP, func(j domain.Job) string { return j.ISPID })),
		Slots: docstore.NewCollection[domain.Slot](p.Docs, "slots"),
	}
	tasks, drive, err := taskhost.New(ctx, p, asynctask.Config{},
		usecase.Definition(tables.Jobs, cfg.Deadline, time.Now))
	if err != nil {
		return nil, err
	}
	registries, err := events.Registries(tasks)
	if err != nil {
		return nil, err
	}
	calls := p.Client(callTimeout)
	jobs := usecase.NewJobs(tables, tasks, time.Now,
		usecase.Remote{Name: "rsagents", Progress: jobprogress.NewClient(cfg.RSAgentsURL, calls)},
		usecase.Remote{Name: "rsclient", Progress: jobprogress.NewClient(cfg.RSClientURL, calls)})
	return &service.Service{
		Platform:  p,
		Handler:   rest.New(p.Log, jobs),
		Consumers: []service.Consumer{{Group: p.Name, Registries: registries}},
		Loops:     []service.Loop{drive, {Name: "recovery", Run: recovery(jobs)}},
	}, nil
}

// recovery finishes once what a crash interrupted.
func recovery(jobs *usecase.Jobs) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := jobs.Recover(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}
}
