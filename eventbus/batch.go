package eventbus

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// BatchConfig says when a batch is full. The zero value of a field means its default.
type BatchConfig struct {
	// Max messages in a batch. Default: 100.
	Max int
	// Wait for company, from the first message of a batch on. Default: 10 ms.
	Wait time.Duration
}

// BatchError is what a batch function returns when not all of its messages
// failed: their errors by index. The others are done.
type BatchError map[int]error

func (e BatchError) Error() string {
	return fmt.Sprintf("eventbus: %d messages of a batch failed", len(e))
}

// Batch returns a callback that hands messages to fn many at a time. A batch
// holds at most one message of a key, those that are in flight at the same time:
// as many as ConsumerConfig.Lanes allows on a transport with parallel keys, one
// per partition elsewhere. An error, other than a BatchError, or a panic is that
// of every message of the batch.
func Batch(cfg BatchConfig, fn func(ctx context.Context, msgs []*Message) error) Callback {
	cfg.Max = orDefault(cfg.Max, 100)
	cfg.Wait = orDefault(cfg.Wait, 10*time.Millisecond)
	return &batcher{cfg: cfg, fn: fn}
}

type batcher struct {
	cfg BatchConfig
	fn  func(context.Context, []*Message) error

	mu   sync.Mutex
	open *batch // still filling; nil when there is none
}

type batch struct {
	msgs   []*Message
	timer  *time.Timer
	ctx    context.Context //nolint:containedctx // of the call to fn
	cancel context.CancelFunc
	done   chan struct{} // closed once errs is set
	err    error
}

// Notify implements Callback: it joins a batch and waits for its result.
func (b *batcher) Notify(ctx context.Context, msg *Message) error {
	joined, index, full := b.join(ctx, msg)
	// A batch ends with the context of any of its messages: they all end
	// together, with the deadline of a drain.
	defer context.AfterFunc(ctx, joined.cancel)()
	if full {
		b.run(joined)
	}
	select {
	case <-joined.done:
		return joined.result(index)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *batcher) join(ctx context.Context, msg *Message) (joined *batch, index int, full bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == nil {
		opened := &batch{done: make(chan struct{})}
		opened.ctx, opened.cancel = context.WithCancel(context.WithoutCancel(ctx))
		opened.timer = time.AfterFunc(b.cfg.Wait, func() {
			if b.close(opened) {
				b.run(opened)
			}
		})
		b.open = opened
	}
	joined = b.open
	joined.msgs = append(joined.msgs, msg)
	if full = len(joined.msgs) >= b.cfg.Max; full {
		b.open = nil
		joined.timer.Stop()
	}
	return joined, len(joined.msgs) - 1, full
}

// close reports whether the batch was open until now.
func (b *batcher) close(x *batch) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open != x {
		return false
	}
	b.open = nil
	return true
}

func (b *batcher) run(x *batch) {
	defer close(x.done)
	defer x.cancel()
	defer func() {
		if p := recover(); p != nil {
			x.err = fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	x.err = b.fn(x.ctx, x.msgs)
}

func (x *batch) result(index int) error {
	if some, ok := x.err.(BatchError); ok { //nolint:errorlint // wrapped, it is the error of all
		return some[index]
	}
	return x.err
}
