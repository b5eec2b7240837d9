// Package wire composes bucketwriter.
package wire

import (
	"context"
	"path/filepath"

	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/bucketwriter/dirbucket"
	"github.com/hexplane/hexplane/services/bucketwriter/events"
	"github.com/hexplane/hexplane/services/bucketwriter/usecase"
)

// Config is what only bucketwriter reads from its environment.
type Config struct {
	Dir string `env:"BUCKET_DIR" desc:"folder of the bucket; unset: under DATA_DIR"`
}

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "bucketwriter", Summary: "keeps visited pages in a bucket, for reporting",
		AdminAddr: "127.0.0.1:9090", New: New,
	}
}

// New wires the service on a platform.
func New(_ context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	dir := cfg.Dir
	if dir == "" {
		dir = filepath.Join(p.Dir, "bucket")
	}
	bucket, err := dirbucket.Open(dir, p.Config.DataSync)
	if err != nil {
		return nil, err
	}
	p.OnClose(bucket.Close)
	registries, err := events.Registries(usecase.NewPages(bucket))
	if err != nil {
		return nil, err
	}
	return &service.Service{
		Platform:  p,
		Consumers: []service.Consumer{{Group: p.Name, Registries: registries}},
	}, nil
}
