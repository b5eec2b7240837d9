package franzbus

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// drain stops starting records that are behind everything started, and waits
// until all before are finished: the finished ones are then a prefix. When ctx
// ends first, the handlers' context is canceled and what did not finish is not
// committed. It may be called more than once.
func (p *partition) drain(ctx context.Context) error {
	p.mu.Lock()
	if !p.draining {
		p.draining, p.stopAt = true, max(p.started, p.head)
		p.backlog = nil
		for seq := p.head; seq < p.stopAt; seq++ {
			if !p.ring[seq%uint64(len(p.ring))].done {
				p.pending++
			}
		}
		p.drainedLocked()
		for l, timer := range p.holding {
			timer.Stop()
			p.abandonLocked(l.queue)
			l.queue = nil
		}
		clear(p.holding)
	}
	p.mu.Unlock()
	select {
	case <-p.drained:
		return nil
	case <-ctx.Done():
		p.cancel(context.Cause(ctx))
		return context.Cause(ctx)
	}
}

// settleLocked counts a record that will not be waited for any longer.
func (p *partition) settleLocked(seq uint64) {
	if p.draining && seq < p.stopAt {
		p.pending--
		p.drainedLocked()
	}
}

func (p *partition) drainedLocked() {
	if p.pending == 0 {
		close(p.drained)
	}
}

// abandon drops the rest of a batch and what its lane still holds: because of a
// drain they are not handled here, so they are not committed and come again.
func (p *partition) abandon(l *lane, rest []entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.abandonLocked(rest)
	p.abandonLocked(l.queue)
	l.queue = nil
}

func (p *partition) abandonLocked(entries []entry) {
	for _, e := range entries {
		p.settleLocked(e.seq)
	}
}

// hold puts the rest of a batch back into its lane and the lane aside, until
// the time has come or the partition drains.
func (p *partition) hold(l *lane, rest []entry, until time.Time) outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return dropped
	}
	l.queue = append(append(make([]entry, 0, len(rest)+len(l.queue)), rest...), l.queue...)
	p.holding[l] = time.AfterFunc(time.Until(until), func() { p.release(l) })
	return held
}

func (p *partition) release(l *lane) {
	p.mu.Lock()
	_, waiting := p.holding[l]
	delete(p.holding, l)
	p.mu.Unlock()
	if waiting {
		p.pool.add([]*lane{l})
	}
}

// take returns the position to commit, and its place in the sequence, once per
// change.
func (p *partition) take() (position kgo.EpochOffset, seq uint64, moved bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dirty {
		return kgo.EpochOffset{}, 0, false
	}
	p.dirty = false
	return p.position, p.head, true
}

// untake marks the position as uncommitted again, after a commit failed.
func (p *partition) untake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dirty = true
}
