package asynctask

import (
	"context"
	"errors"
	"sync"
)

// hold keeps a claimed task claimed while it is driven, however long its stream
// or a hook takes, until release is called. It stops at the task's deadline: from
// then on another may end a task whose driver is stuck.
func (m *Manager) hold(ctx context.Context, t Task) (release func()) {
	ctx, cancel := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-m.cfg.Clock.After(m.cfg.Lease / 4):
			}
			now := m.now()
			if pastDeadline(t, now) {
				return
			}
			err := m.store.RenewTask(ctx, t.ID, t.Owner, now.Add(m.cfg.Lease))
			if err != nil && !errors.Is(err, ErrConflict) { // it is at rest now, or another has it: harmless
				m.erred(ctx, t, "renew", err)
			}
		}
	})
	return func() {
		cancel()
		renewing.Wait()
	}
}
