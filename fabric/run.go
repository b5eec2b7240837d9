package fabric

import (
	"context"
	"sync"
)

// Run reads the records, takes up what an earlier run left unsettled, repairs
// what drifts, and sends heartbeats, until the context ends. It returns nil then.
// It is called once. Records that cannot be read are tried again for as long as
// it takes; heartbeats are sent meanwhile.
func (d *Daemon) Run(ctx context.Context) error {
	var wait sync.WaitGroup
	defer wait.Wait()
	wait.Go(func() { d.beat(ctx) })
	if !d.load(ctx) {
		return nil
	}
	for range d.cfg.Repairers {
		wait.Go(func() { d.repair(ctx) })
	}
	wait.Go(func() { d.watch(ctx) })
	wait.Go(func() { d.sweep(ctx) })
	return nil
}

// load reads the records and opens the daemon to events. It returns false when
// the context ends first.
func (d *Daemon) load(ctx context.Context) bool {
	for attempt := 1; ; attempt++ {
		err := d.ledger.prepare(ctx)
		if err == nil {
			err = d.ledger.load(ctx)
		}
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			d.log.WarnContext(ctx, "records could not be read, will be tried again", "attempt", attempt, "error", err)
		}
		if wait(ctx, d.cfg.pause(attempt)) != nil {
			return false
		}
	}
	entries := d.ledger.entries()
	for id, e := range entries {
		rec := e.rec.Load()
		if !rec.settled() {
			d.queue.add(id, 0)
		}
		for _, port := range rec.Ports {
			d.watched.add(PortKind(port.Port.Kind))
		}
	}
	if len(entries) == 0 {
		d.snapshot.ask()
	}
	d.log.InfoContext(ctx, "records read", "projects", len(entries))
	close(d.loaded)
	return true
}

// Loaded is closed once Run has read the records and events can be applied.
func (d *Daemon) Loaded() <-chan struct{} { return d.loaded }

// sweep queues, once a while, the projects that are not settled, and those whose
// records can be forgotten.
func (d *Daemon) sweep(ctx context.Context) {
	for wait(ctx, d.cfg.Recheck) == nil {
		before := d.cfg.Now().Add(-d.cfg.Forget)
		for id, e := range d.ledger.entries() {
			rec := e.rec.Load()
			if !rec.settled() || rec.gone() && rec.GoneAt.Before(before) {
				d.queue.add(id, 0)
			}
		}
	}
}
