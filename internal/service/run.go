package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/eventbusprom"
	"github.com/hexplane/hexplane/internal/httpapi"
)

// closeTimeout bounds the last attempt to empty the outboxes.
const closeTimeout = 5 * time.Second

var errStopping = errors.New("stopping")

// running is everything that Run started, in the groups in which it stops.
type running struct {
	host      *Host
	failed    chan error   // the first unexpected end of a part
	admin     *http.Server // nil without an address
	servers   []*http.Server
	consumers []*eventbus.Consumer
	loops     sync.WaitGroup
	stopLoops context.CancelFunc

	unregister []func() // removes the metrics of the consumers
}

// Run starts the services, waits until ctx ends or a part fails, stops everything in
// order and closes the host. It returns nil after a clean stop.
func (h *Host) Run(ctx context.Context, services ...*Service) error {
	r := &running{host: h, failed: make(chan error, 1)}
	err := r.start(ctx, services)
	if err == nil {
		h.setReadiness(nil)
		h.log.InfoContext(ctx, "running", "services", len(services), "brokers", h.cfg.Kafka.Brokers)
		select {
		case <-ctx.Done():
		case err = <-r.failed:
		}
	}
	h.setReadiness(errStopping)
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.ShutdownTimeout)
	defer cancel()
	err = errors.Join(err, r.stop(stopCtx))

	// Work in flight may have used up its time; the outbox has a little of its own.
	closeCtx, cancelClose := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancelClose()
	return errors.Join(err, h.Close(closeCtx))
}

// start starts loops, then consumers, then listeners, so that each part finds what
// it needs running.
func (r *running) start(ctx context.Context, services []*Service) error {
	loopCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.stopLoops = cancel
	var err error
	r.admin, err = r.serve(ctx, "admin", r.host.cfg.AdminAddr, nil, httpapi.Admin(r.host.registry, r.host.Ready))
	if err != nil {
		return err
	}
	for _, s := range services {
		r.loop(loopCtx, s.Platform.Name, Loop{Name: "outbox", Run: s.Platform.Docs.Run})
		for _, l := range s.Loops {
			r.loop(loopCtx, s.Platform.Name, l)
		}
	}
	for _, s := range services {
		for _, c := range s.Consumers {
			if err := r.consume(s.Platform, c); err != nil { //nolint:contextcheck // consuming ends by Close, not by a context
				return fmt.Errorf("service %s: consume as %s: %w", s.Platform.Name, c.Group, err)
			}
		}
	}
	for _, s := range services {
		if s.Handler == nil {
			continue
		}
		handler := r.host.tracing.handler(s.Platform.Name, s.Handler)
		server, err := r.serve(ctx, s.Platform.Name, s.Platform.Config.HTTPAddr, s.Listener, handler)
		if err != nil {
			return err
		}
		if server != nil {
			r.servers = append(r.servers, server)
		}
	}
	return nil
}

func (r *running) loop(ctx context.Context, service string, l Loop) {
	r.loops.Go(func() {
		err := l.Run(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.fail(fmt.Errorf("service %s: %s: %w", service, l.Name, err))
		}
	})
}

func (r *running) consume(p *Platform, c Consumer) error {
	consumer, err := p.Bus.Group(c)
	if err != nil {
		return err
	}
	r.consumers = append(r.consumers, consumer)
	r.watchLag(p, consumer, c.Group)
	if err := consumer.Register(c.Registries...); err != nil {
		return err
	}
	if c.Started != nil {
		c.Started(consumer)
	}
	return nil
}

// watchLag adds a metric of what a consumer has still to do, until it closes.
func (r *running) watchLag(p *Platform, consumer *eventbus.Consumer, group string) {
	lag := eventbusprom.NewLag(consumer, group)
	if err := p.Metrics.Register(lag); err != nil { // another consumer of the same group
		p.Log.Debug("no lag metric", "group", group, "error", err)
		return
	}
	r.unregister = append(r.unregister, func() { p.Metrics.Unregister(lag) })
}

// serve serves h on l or, if that is nil, on addr; without either it returns nil.
func (r *running) serve(ctx context.Context, name, addr string, l net.Listener, h http.Handler) (*http.Server, error) {
	if l == nil {
		if addr == "" {
			return nil, nil
		}
		var err error
		if l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", addr); err != nil {
			return nil, fmt.Errorf("service %s: %w", name, err)
		}
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	r.host.log.InfoContext(ctx, "listening", "service", name, "address", l.Addr().String())
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			r.fail(fmt.Errorf("service %s: %w", name, err))
		}
	}()
	return server, nil
}

// fail reports the first failure; Run stops for it.
func (r *running) fail(err error) {
	select {
	case r.failed <- err:
	default:
	}
}

// stop ends intake first, then the loops that work on what came in. The admin
// server answers until the rest has stopped.
func (r *running) stop(ctx context.Context) error {
	var errs []error
	for _, server := range slices.Backward(r.servers) {
		errs = append(errs, stopServer(ctx, server))
	}
	errs = append(errs, r.closeConsumers(ctx))
	r.stopLoops()
	r.loops.Wait()
	if r.admin != nil {
		errs = append(errs, stopServer(ctx, r.admin))
	}
	return errors.Join(errs...)
}

// stopServer waits for requests in flight, and cuts them off when ctx ends.
func stopServer(ctx context.Context, server *http.Server) error {
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// closeConsumers drains all consumers at the same time.
func (r *running) closeConsumers(ctx context.Context) error {
	for _, fn := range r.unregister {
		fn()
	}
	errs := make([]error, len(r.consumers))
	var wg sync.WaitGroup
	for i, c := range r.consumers {
		wg.Go(func() { errs[i] = c.Close(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
