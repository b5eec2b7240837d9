package wire

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"

	"github.com/hexplane/hexplane/eventbus/sqlbox"
	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/demeterdb"
	"github.com/hexplane/hexplane/management/grpcapi"
	"github.com/hexplane/hexplane/management/statedb"
)

// daemon is what management runs and closes by itself.
type daemon struct {
	log      *slog.Logger
	around   ports
	state    *statedb.Store
	demeter  *demeterdb.Store
	domain   *management.Service
	relay    *sqlbox.Relay
	server   *grpcapi.Server
	listener net.Listener
}

// run finishes what a crash left, then serves until ctx ends. It stops intake
// first, then background work, and closes the stores. What is still in the outbox
// is sent after the next start.
func (d *daemon) run(ctx context.Context) error {
	if err := d.domain.Recover(ctx); err != nil {
		d.log.WarnContext(ctx, "some operations stay pending, will retry", "error", err)
	}
	d.log.InfoContext(ctx, "listening", "service", "management", "address", d.listener.Addr().String())
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var loops sync.WaitGroup
	loops.Go(func() { _ = d.relay.Run(background) })  // returns nil
	loops.Go(func() { _ = d.domain.Run(background) }) // returns nil
	d.server.SetServing(true)
	err := d.server.Serve(ctx, d.listener)
	d.listener = nil // Serve has closed it
	stop()
	loops.Wait()
	return errors.Join(err, d.close())
}

// close closes what has been opened.
func (d *daemon) close() error {
	var errs []error
	if d.listener != nil {
		errs = append(errs, d.listener.Close())
	}
	if d.demeter != nil {
		errs = append(errs, d.demeter.Close())
	}
	if d.state != nil {
		errs = append(errs, d.state.Close())
	}
	return errors.Join(errs...)
}
