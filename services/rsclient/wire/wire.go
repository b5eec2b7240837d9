// Package wire composes rsclient.
package wire

import (
	"context"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/internal/taskhost"
	"github.com/hexplane/hexplane/services/rsclient/events"
	"github.com/hexplane/hexplane/services/rsclient/rest"
	"github.com/hexplane/hexplane/services/rsclient/store"
	"github.com/hexplane/hexplane/services/rsclient/usecase"
)

// Config is what only rsclient reads from its environment. A zero field means its
// default.
type Config struct {
	BulkSize int           `env:"SYNC_BULK_SIZE" envDefault:"100" desc:"accounts that one bulk of a full sync replays"`
	Bulks    int           `env:"SYNC_BULKS" envDefault:"8" desc:"bulks of a full sync that are in flight at once"`
	Window   int           `env:"SYNC_WINDOW" envDefault:"1000" desc:"devices of one bulk that are in flight at once"`
	Timeout  time.Duration `env:"SYNC_REQUEST_TIMEOUT" envDefault:"5m" desc:"how long rsadaptor may take to answer before it is asked again"`
	Attempts int           `env:"SYNC_REQUEST_ATTEMPTS" envDefault:"6" desc:"how often rsadaptor is asked"`

	KeepTombstones time.Duration `env:"TOMBSTONES_KEEP" envDefault:"720h" desc:"how long it is remembered that something was deleted, so that no older event or late reply brings it back: longer than records stay on the topics, and than dead letters wait to be requeued; negative: for ever"`
}

// maxBulk is the most accounts that a request may name.
const maxBulk = 10_000

func (c Config) sync() usecase.SyncConfig {
	cfg := usecase.SyncConfig{BulkSize: 100, Bulks: 8, Window: 1000, Timeout: 5 * time.Minute, Attempts: 6}
	if c.BulkSize > 0 {
		cfg.BulkSize = min(c.BulkSize, maxBulk)
	}
	if c.Bulks > 0 {
		cfg.Bulks = c.Bulks
	}
	if c.Window > 0 {
		cfg.Window = c.Window
	}
	if c.Timeout > 0 {
		cfg.Timeout = c.Timeout
	}
	if c.Attempts > 0 {
		cfg.Attempts = c.Attempts
	}
	return cfg
}

// tombstones keeps them no shorter than rsadaptor may take to answer, twice over.
func (c Config) tombstones(tables usecase.Tables) *usecase.Tombstones {
	sync, keep := c.sync(), c.KeepTombstones
	slowest := 2 * time.Duration(sync.Attempts) * sync.Timeout
	if keep == 0 {
		keep = 30 * 24 * time.Hour
	}
	if keep > 0 {
		keep = max(keep, slowest)
	}
	return usecase.NewTombstones(tables, keep, slowest, time.Now)
}

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "rsclient", Summary: "knows households and what RouterSecure sets for them",
		HTTPAddr: "127.0.0.1:8083", AdminAddr: "127.0.0.1:9083", New: New,
	}
}

// New wires the service on a platform.
func New(ctx context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	tables := store.Tables(p.Docs)
	tasks, drive, err := taskhost.New(ctx, p, asynctask.Config{}, usecase.Definitions(tables, cfg.sync())...)
	if err != nil {
		return nil, err
	}
	push := usecase.NewPush(tasks)
	registries, err := events.Registries(events.App{
		Provisioning: usecase.NewProvisioning(tables, push, time.Now),
		Providers:    usecase.NewProviders(tables, push),
		Replies:      usecase.NewReplies(tables, tasks, p.Docs.Publisher()),
		Tasks:        tasks,
	})
	if err != nil {
		return nil, err
	}
	return &service.Service{
		Platform: p,
		Handler: rest.New(p.Log, rest.App{
			Settings: usecase.NewSettings(tables), Packages: usecase.NewPackages(tables, push),
			Viewer: usecase.NewViewer(tables), Progress: tasks,
		}),
		Consumers: []service.Consumer{{Group: p.Name, Registries: registries}},
		Loops: []service.Loop{
			drive, service.Every("forget old tombstones", time.Hour, p.Log, cfg.tombstones(tables).Sweep),
		},
	}, nil
}
