// Package groupcommit does the work of many calls at once. Calls with one key
// that arrive while a batch of that key is under way are the next batch; a call
// that finds none under way goes at once, alone. So a lone call waits for nobody,
// and under load one transaction carries many.
package groupcommit

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// ErrPanic is the error of every call of a batch that panicked.
var ErrPanic = errors.New("groupcommit: panic")

// Group batches calls per key. It starts no goroutine: one of a batch's
// callers does it. It is safe for concurrent use.
type Group[K comparable, In, Out any] struct {
	limit int
	do    func(ctx context.Context, key K, in []In, ahead func() []In) ([]Out, error)

	mu     sync.Mutex
	queues map[K]*queue[In, Out]
}

type queue[In, Out any] struct {
	calls []*call[In, Out]
	ahead []*call[In, Out] // the next batch, once it has been looked at
}

type call[In, Out any] struct {
	ctx  context.Context //nolint:containedctx // of the caller
	in   In
	out  Out
	err  error
	done chan struct{} // closed: out and err are set
	lead chan struct{} // closed: this caller does the next batch
	left bool          // the caller has given up
}

// New returns a group whose batches have at most limit calls. do returns as many
// results as it is given calls, in their order, or an error that is everybody's.
// Its context has the values of the first caller's and ends once all callers of
// the batch have given up.
func New[K comparable, In, Out any](limit int, do func(context.Context, K, []In) ([]Out, error)) *Group[K, In, Out] {
	return NewLookingAhead(limit, func(ctx context.Context, key K, in []In, _ func() []In) ([]Out, error) {
		return do(ctx, key, in)
	})
}

// NewLookingAhead is New for work of which the end of one batch can be done together
// with the beginning of the next. By calling ahead, do closes the batch that will
// follow its own and sees its calls, none when nobody waits. They come to do in a
// batch of their own afterwards, unless all their callers give up before.
func NewLookingAhead[K comparable, In, Out any](
	limit int, do func(ctx context.Context, key K, in []In, ahead func() []In) ([]Out, error),
) *Group[K, In, Out] {
	return &Group[K, In, Out]{limit: limit, do: do, queues: make(map[K]*queue[In, Out])}
}

// Do returns in's result out of a batch that began after Do was called. When ctx
// ends first it returns the error of ctx, and in may be done all the same unless
// its batch had not begun.
func (g *Group[K, In, Out]) Do(ctx context.Context, key K, in In) (Out, error) {
	c := &call[In, Out]{ctx: ctx, in: in, done: make(chan struct{}), lead: make(chan struct{})}
	q := g.join(key, c)
	select {
	case <-c.done:
		return c.out, c.err
	case <-c.lead:
	case <-ctx.Done():
		if !g.leave(q, c) {
			var none Out
			return none, ctx.Err()
		}
	}
	g.run(key, q)
	if c.err != nil && ctx.Err() != nil {
		return c.out, ctx.Err()
	}
	return c.out, c.err
}

// join queues the call; the first in an idle queue leads.
func (g *Group[K, In, Out]) join(key K, c *call[In, Out]) *queue[In, Out] {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := g.queues[key]
	if q == nil {
		q = &queue[In, Out]{}
		g.queues[key] = q
		close(c.lead)
	}
	q.calls = append(q.calls, c)
	return q
}

// leave takes the call out of the queue, unless it leads: then it must do so.
func (g *Group[K, In, Out]) leave(q *queue[In, Out], c *call[In, Out]) (leads bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-c.lead:
		return true
	default:
	}
	c.left = true
	if at := slices.Index(q.calls, c); at >= 0 {
		q.calls = slices.Delete(q.calls, at, at+1)
	}
	return false
}

// next closes the next batch, unless it is.
func (g *Group[K, In, Out]) next(q *queue[In, Out]) []*call[In, Out] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if q.ahead == nil {
		n := min(len(q.calls), g.limit)
		q.ahead = slices.Clone(q.calls[:n])
		q.calls = slices.Delete(q.calls, 0, n)
	}
	return q.ahead
}

func inputs[In, Out any](calls []*call[In, Out]) []In {
	in := make([]In, len(calls))
	for i, c := range calls {
		in[i] = c.in
	}
	return in
}

// run does one batch, the leader's own call in it, and hands over.
func (g *Group[K, In, Out]) run(key K, q *queue[In, Out]) {
	batch := g.next(q)
	g.mu.Lock()
	q.ahead = nil
	g.mu.Unlock()

	// The batch belongs to all its callers: one that gives up must not fail the rest.
	ctx, cancel := context.WithCancel(context.WithoutCancel(batch[0].ctx))
	defer cancel()
	var waiting atomic.Int64
	waiting.Store(int64(len(batch)))
	for _, c := range batch {
		defer context.AfterFunc(c.ctx, func() {
			if waiting.Add(-1) == 0 {
				cancel()
			}
		})()
	}
	out, err := g.safely(ctx, key, inputs(batch), func() []In { return inputs(g.next(q)) })
	g.handOver(key, q)
	for i, c := range batch {
		if c.err = err; err == nil {
			c.out = out[i]
		}
		close(c.done)
	}
}

// safely turns a panic into an error, so that nobody waits for ever.
func (g *Group[K, In, Out]) safely(ctx context.Context, key K, in []In, ahead func() []In) (out []Out, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v\n%s", ErrPanic, r, debug.Stack())
		}
	}()
	return g.do(ctx, key, in, ahead)
}

func (g *Group[K, In, Out]) handOver(key K, q *queue[In, Out]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, waiting := range [][]*call[In, Out]{q.ahead, q.calls} {
		for _, c := range waiting {
			if !c.left {
				close(c.lead)
				return
			}
		}
		q.ahead = nil // nobody waits for these any more
	}
	delete(g.queues, key)
}
