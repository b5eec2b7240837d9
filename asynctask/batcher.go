package asynctask

import (
	"context"
	"sync"
)

// batcher is group commit: calls with one key that arrive while another batch
// of that key is under way are done together as the next one. The caller that
// finds nothing under way does the work; nobody else needs a goroutine.
type batcher[K comparable, In, Out any] struct {
	limit int
	do    func(ctx context.Context, key K, in []In) ([]Out, error)

	mu     sync.Mutex
	queues map[K]*batchQueue[In, Out]
}

type batchQueue[In, Out any] struct {
	calls   []*batchCall[In, Out]
	running bool
}

type batchCall[In, Out any] struct {
	in   In
	out  Out
	err  error
	done chan struct{} // closed: out and err are set
	lead chan struct{} // closed: this caller runs the next batch
}

func newBatcher[K comparable, In, Out any](limit int, do func(context.Context, K, []In) ([]Out, error)) *batcher[K, In, Out] {
	return &batcher[K, In, Out]{limit: limit, do: do, queues: make(map[K]*batchQueue[In, Out])}
}

// Do returns in's result out of a batch that began after Do was called.
func (b *batcher[K, In, Out]) Do(ctx context.Context, key K, in In) (Out, error) {
	call := &batchCall[In, Out]{in: in, done: make(chan struct{}), lead: make(chan struct{})}
	b.mu.Lock()
	q := b.queues[key]
	if q == nil {
		q = &batchQueue[In, Out]{}
		b.queues[key] = q
	}
	q.calls = append(q.calls, call)
	if !q.running {
		q.running = true
		close(call.lead)
	}
	b.mu.Unlock()
	select {
	case <-call.done:
	case <-call.lead:
		b.run(ctx, key, q)
	}
	return call.out, call.err
}

// run does one batch, the leader's own call at its head, and hands over.
func (b *batcher[K, In, Out]) run(ctx context.Context, key K, q *batchQueue[In, Out]) {
	b.mu.Lock()
	n := min(len(q.calls), b.limit)
	batch := q.calls[:n:n]
	q.calls = q.calls[n:]
	b.mu.Unlock()

	in := make([]In, n)
	for i, c := range batch {
		in[i] = c.in
	}
	// The batch belongs to all its callers: one that gives up must not fail the rest.
	out, err := b.do(context.WithoutCancel(ctx), key, in)
	for i, c := range batch {
		if err == nil {
			c.out = out[i]
		}
		c.err = err
		close(c.done)
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	if len(q.calls) == 0 {
		delete(b.queues, key)
		return
	}
	close(q.calls[0].lead)
}
