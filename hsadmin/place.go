package hsadmin

import (
	"context"
	"sync/atomic"
	"time"
)

// place is what a batch's call holds of the bound while it makes an attempt.
// Between attempts it holds none: the bound is on what the backend has to do, and
// were waiting calls to count, it would have to lie the higher the more is refused.
type place struct {
	limiter *limiter
	held    atomic.Bool
}

// take waits until there is one, or the context ends.
func (p *place) take(ctx context.Context) error {
	if err := p.limiter.acquire(ctx); err != nil {
		return err
	}
	if !p.held.CompareAndSwap(false, true) {
		// A requester that hedges makes two attempts of one call.
		p.limiter.release()
	}
	return nil
}

// leave gives the place up, if it is held.
func (p *place) leave() {
	if p.held.CompareAndSwap(true, false) {
		p.limiter.release()
	}
}

// pause waits before the call's next attempt, and returns why when the context
// ended the wait. The place may be nil: a call outside batches has none.
func (p *place) pause(ctx context.Context, wait time.Duration) error {
	if p == nil {
		return sleep(ctx, wait)
	}
	p.leave()
	if err := sleep(ctx, wait); err != nil {
		return err
	}
	return p.take(ctx)
}
