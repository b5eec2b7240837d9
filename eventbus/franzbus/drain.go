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
			if !p.slotLocked(seq).done {
				p.pending++
			}
		}
		p.drainedLocked()
		for l, timer := range p.holding {
			timer.Stop()
			p.abandonLocked(l)
		}
		for _, l := range p.ready {
			p.abandonLocked(l)
		}
		p.holding, p.ready = nil, nil
	}
	idle := p.pending == 0
	p.mu.Unlock()
	if idle { // also when ctx has ended: nothing is cut short
		return nil
	}
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

// abandon drops a lane with all it has: because of a drain it is not handled here,
// so it is not committed and comes again.
func (p *partition) abandon(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.abandonLocked(l)
}

func (p *partition) abandonLocked(l *lane) {
	p.settleLocked(l.seq)
	for _, e := range l.queue {
		p.settleLocked(e.seq)
	}
	l.queue = nil
}

// hold puts a lane aside until the time has come or the partition drains.
func (p *partition) hold(l *lane, until time.Time) outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return dropped
	}
	p.holding[l] = time.AfterFunc(time.Until(until), func() { p.release(l) })
	return held
}

func (p *partition) release(l *lane) {
	p.mu.Lock()
	if _, waiting := p.holding[l]; waiting {
		delete(p.holding, l)
		p.ready = append(p.ready, l)
	}
	p.unlock()
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
