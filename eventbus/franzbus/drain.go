package franzbus

import (
	"context"

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
	for _, entries := range [][]entry{rest, l.queue} {
		for _, e := range entries {
			p.settleLocked(e.seq)
		}
	}
	l.queue = nil
}

// take returns the position to commit, once per change.
func (p *partition) take() (kgo.EpochOffset, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dirty {
		return kgo.EpochOffset{}, false
	}
	p.dirty = false
	return p.position, true
}

// untake marks the position as uncommitted again, after a commit failed.
func (p *partition) untake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dirty = true
}
