package hsadmin

import (
	"context"
	"sync"
)

// batchRun is one run of Stream: workers, each of which takes a request, calls
// and delivers the outcome.
type batchRun struct {
	batch     *BatchClient
	outcomes  chan Outcome
	abandoned chan struct{}
	workers   sync.WaitGroup

	// input is the lock of the rest; a channel, so that waiting for it can be
	// given up.
	input chan struct{}
	next  func() (Request, bool)
	ended bool
	index int
	count int
}

// grow starts one more worker while there may be more.
func (r *batchRun) grow(ctx context.Context) {
	if r.count < r.batch.most {
		r.count++
		r.workers.Go(func() { r.work(ctx) })
	}
}

func (r *batchRun) work(ctx context.Context) {
	// Each call makes contexts of its own below this one: were it the one that all
	// workers share, they would wait for each other at its lock.
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		index, req, ok := r.take(ctx)
		if !ok {
			return
		}
		r.outcomes <- r.call(own, index, req)
	}
}

// take takes the next request. There is one worker more than requests under way,
// up to the most, so that a worker is always there to take the next.
func (r *batchRun) take(ctx context.Context) (int, Request, bool) {
	select {
	case r.input <- struct{}{}:
		defer func() { <-r.input }()
	case <-r.abandoned:
		return 0, Request{}, false
	}
	select {
	case <-r.abandoned:
		r.ended = true
	default:
	}
	if r.ended {
		return 0, Request{}, false
	}
	req, ok := r.next()
	if !ok {
		r.ended = true
		return 0, Request{}, false
	}
	index := r.index
	r.index++
	r.grow(ctx)
	return index, req, true
}

func (r *batchRun) call(ctx context.Context, index int, req Request) Outcome {
	req.place = &place{limiter: r.batch.limiter}
	if err := req.place.take(ctx); err != nil {
		return Outcome{Index: index, State: NotStarted, Err: err}
	}
	defer req.place.leave()
	resp, err := r.batch.requester.Do(ctx, &req)
	if err != nil {
		return Outcome{Index: index, State: Failed, Err: err}
	}
	return Outcome{Index: index, State: Succeeded, Response: resp}
}
