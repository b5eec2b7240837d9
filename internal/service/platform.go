package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/mongostore"
	"github.com/hexplane/hexplane/internal/docstore/sqlstore"
)

// ErrInUse reports that another process works with the same service's data folder.
var ErrInUse = errors.New("service: data folder is in use by another process")

// Platform is what one service stands on. The Host that made it owns and closes it.
type Platform struct {
	Name    string
	Config  Config
	Dir     string // folder of the service's own embedded state
	Log     *slog.Logger
	Bus     *Bus
	Events  *eventbus.Producer // default client type; the outbox publishes through it
	Docs    *docstore.Store
	Metrics prometheus.Registerer // adds the label service
	Traces  trace.TracerProvider  // where spans go: nowhere when there is no collector

	closers []func() error // run backwards
}

func (h *Host) newPlatform(ctx context.Context, name string) (*Platform, error) {
	metrics := prometheus.WrapRegistererWith(prometheus.Labels{"service": name}, h.registry)
	bus, err := h.bus(name, metrics)
	if err != nil {
		return nil, err
	}
	p := &Platform{
		Name: name, Config: h.cfg, Dir: h.cfg.dir(name),
		Log: h.log.With("service", name), Bus: bus, Metrics: metrics, Traces: h.tracing.provider,
	}
	if err := p.open(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *Platform) open(ctx context.Context) error {
	if err := p.lock(); err != nil {
		return err
	}
	backend, err := p.backend(ctx)
	if err != nil {
		return err
	}
	p.OnClose(backend.Close)
	if p.Events, err = p.Bus.Producer(eventbus.ClientDefault); err != nil {
		return err
	}
	p.OnClose(p.Events.Close)
	p.Docs = docstore.New(backend, p.Events, docstore.Config{Log: p.Log})
	return nil
}

// backend opens what the documents are kept in.
func (p *Platform) backend(ctx context.Context) (docstore.Backend, error) {
	if p.Config.MongoURI == "" {
		return sqlstore.Open(ctx, sqlstore.Config{
			Path: filepath.Join(p.Dir, "docs.db"), Full: p.Config.DataSync, Exclusive: true, // see lock
		})
	}
	backend, err := mongostore.Open(ctx, string(p.Config.MongoURI), mongostore.Config{
		Prefix: p.Name, Fresh: p.Config.NoDocuments,
	})
	if err != nil {
		return nil, fmt.Errorf("MONGODB_URI: %w", err)
	}
	return backend, nil
}

// lock takes an advisory lock on the data folder; it dies with the process.
func (p *Platform) lock() error {
	if err := os.MkdirAll(p.Dir, 0o750); err != nil {
		return fmt.Errorf("service: data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(p.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("service: lock: %w", err)
	}
	p.OnClose(f.Close)
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("%w: %s", ErrInUse, p.Dir)
	}
	return nil
}

// OnClose has fn called when the platform is closed, after the service has stopped;
// what was given last is called first. It is for wiring, before the service runs.
func (p *Platform) OnClose(fn func() error) { p.closers = append(p.closers, fn) }

// close closes what open opened, in the opposite order.
func (p *Platform) close() error {
	var errs []error
	for _, closeIt := range slices.Backward(p.closers) {
		errs = append(errs, closeIt())
	}
	p.closers = nil
	return errors.Join(errs...)
}
