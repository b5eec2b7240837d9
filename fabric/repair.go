package fabric

import (
	"context"
	"time"
)

// repair looks at projects that drifted, that wait for something, or whose
// records are old enough to be forgotten, until the context ends.
func (d *Daemon) repair(ctx context.Context) {
	for {
		id, ok := d.queue.next(ctx)
		if !ok {
			return
		}
		if err := d.repairOne(ctx, id); err != nil && ctx.Err() == nil {
			d.log.WarnContext(ctx, "repair failed, will be tried again", "project_id", id, "error", err)
		}
	}
}

func (d *Daemon) repairOne(ctx context.Context, id string) error {
	e := d.ledger.lock(id)
	defer e.mu.Unlock()
	rec := e.rec.Load()
	if rec == nil {
		return nil
	}
	if rec.gone() && rec.GoneAt.Before(d.cfg.Now().Add(-d.cfg.Forget)) {
		return d.retryLater(id, e, d.ledger.forget(ctx, id, e))
	}
	writes := e.writes.Load()
	err := d.dropStrays(ctx, e, *rec)
	if err == nil && !rec.gone() {
		var outcome map[string]status
		if outcome, err = d.settle(ctx, e, "", false); err == nil {
			err = d.report(ctx, e, outcome, func(string) bool { return false })
		}
	}
	if e.writes.Load() != writes {
		d.counts.repaired.Add(1)
		e.noteRepair(d.cfg.Now(), d.cfg.Recheck)
	}
	return d.retryLater(id, e, err)
}

// patience is how long a project waits for its repair: not at all, unless
// somebody keeps undoing it.
func (d *Daemon) patience(e *entry) time.Duration {
	const quick = 5
	if n := int(e.quarrel.Load()); n > quick {
		return d.cfg.pause(n - quick)
	}
	return 0
}

// retryLater puts a project whose repair failed back into the queue.
func (d *Daemon) retryLater(id string, e *entry, err error) error {
	if err == nil {
		e.attempts = 0
		return nil
	}
	e.attempts++
	d.queue.add(id, d.cfg.pause(e.attempts))
	return err
}

// dropStrays deletes objects that carry our label, lie in the project's
// namespace and are not wanted: leftovers of an earlier baseline or port.
func (d *Daemon) dropStrays(ctx context.Context, e *entry, rec record) error {
	for _, ref := range e.takeStrays() {
		if _, wanted := rec.wanted(d.cfg.Baseline, ref); wanted || rec.absent() {
			continue
		}
		if _, err := d.settler.of(e).remove(ctx, ref, rec.Project.owns); err != nil {
			e.stray(ref)
			return err
		}
	}
	return nil
}
