package hsadmin

import (
	"context"
	"fmt"
	"iter"
)

// BatchConfig says how many attempts of a [BatchClient]'s calls are under way at
// once. Zero fields take the default named at each.
type BatchConfig struct {
	// MinConcurrency is what the limit never falls below. Default 4.
	MinConcurrency int
	// MaxConcurrency is what it never rises above, and how many calls of one batch
	// run at once, those included that wait for their next attempt. Default 64. The
	// client's MaxConnections should not be less.
	MaxConcurrency int
	// InitialConcurrency is where it starts. Default 16.
	InitialConcurrency int
	// LatencyTolerance is how many times the least latency seen lately an
	// attempt may take without counting as slow. Default 8.
	LatencyTolerance float64
}

func (c BatchConfig) withDefaults() BatchConfig {
	def(&c.MinConcurrency, 4)
	def(&c.MaxConcurrency, 64)
	def(&c.InitialConcurrency, 16)
	def(&c.LatencyTolerance, 8)
	c.MaxConcurrency = max(c.MaxConcurrency, 1)
	c.MinConcurrency = min(max(c.MinConcurrency, 1), c.MaxConcurrency)
	c.InitialConcurrency = min(max(c.InitialConcurrency, c.MinConcurrency), c.MaxConcurrency)
	return c
}

// State says what became of one request of a batch.
type State int

// The states of an [Outcome].
const (
	// Succeeded: the response is there.
	Succeeded State = iota + 1
	// Failed: the error is there. When it has no status, the request may or may
	// not have taken effect.
	Failed
	// NotStarted: the context ended first; nothing was sent.
	NotStarted
)

func (s State) String() string {
	switch s {
	case Succeeded:
		return "succeeded"
	case Failed:
		return "failed"
	case NotStarted:
		return "not started"
	}
	return fmt.Sprintf("State(%d)", int(s))
}

// Outcome is what became of one request of a batch.
type Outcome struct {
	// Index counts the requests in the order in which they came, from 0.
	Index int
	// State says which of the next two is set.
	State State
	// Response is set when the call succeeded.
	Response *Response
	// Err is set otherwise; for NotStarted it is why the context ended.
	Err error
}

// ResponseBatch is what became of all requests of a batch.
type ResponseBatch struct {
	// Outcomes are in the order of the requests, one for each.
	Outcomes []Outcome
	// Succeeded, Failed and NotStarted count them by state.
	Succeeded, Failed, NotStarted int
}

// BatchClient sends many requests with a bounded concurrency that adapts to the
// backend. All batches of one BatchClient share the bound. It is safe for
// concurrent use and holds nothing that would have to be closed.
type BatchClient struct {
	requester Requester
	limiter   *limiter
	most      int
}

// NewBatchClient makes a batch client that sends through a [Client], or through a
// [Requester] around one. The concurrency follows what the client's attempts meet.
func NewBatchClient(requester Requester, cfg BatchConfig) *BatchClient {
	cfg = cfg.withDefaults()
	return &BatchClient{requester: requester, limiter: newLimiter(cfg), most: cfg.MaxConcurrency}
}

// Concurrency is how many attempts may be under way at once now. A call that waits
// before its next attempt does not count.
func (b *BatchClient) Concurrency() int { return b.limiter.current() }

// SendAll sends every request and waits for all outcomes.
func (b *BatchClient) SendAll(ctx context.Context, requests []Request) ResponseBatch {
	batch := ResponseBatch{Outcomes: make([]Outcome, len(requests))}
	stream := b.Stream(ctx, func(yield func(Request) bool) {
		for _, req := range requests {
			if !yield(req) {
				return
			}
		}
	})
	for outcome := range stream {
		batch.Outcomes[outcome.Index] = outcome
		switch outcome.State {
		case Succeeded:
			batch.Succeeded++
		case Failed:
			batch.Failed++
		case NotStarted:
			batch.NotStarted++
		}
	}
	return batch
}

// Stream sends the requests as they come and yields exactly one outcome for
// each, in the order in which calls end. Memory does not grow with the number of
// requests: at most MaxConcurrency are taken ahead of their calls, and none while
// as many outcomes wait to be taken.
//
// When ctx ends, calls under way end as its error says, and every further
// request that the sequence yields has the outcome NotStarted. Breaking out of
// the loop ends the calls under way and takes no more requests. Either way
// nothing runs any more when the loop has ended, so a sequence that never ends,
// or waits for something, must itself end with ctx. The sequence is read in
// another goroutine than the caller's.
func (b *BatchClient) Stream(ctx context.Context, requests iter.Seq[Request]) iter.Seq[Outcome] {
	return func(yield func(Outcome) bool) {
		ctx, cancel := context.WithCancel(ctx)
		next, stop := iter.Pull(requests)
		run := &batchRun{
			batch: b, next: next, input: make(chan struct{}, 1),
			outcomes: make(chan Outcome, b.most), abandoned: make(chan struct{}),
		}
		run.grow(ctx)
		go func() {
			run.workers.Wait()
			stop()
			close(run.outcomes)
		}()
		defer func() {
			close(run.abandoned)
			cancel()
			for range run.outcomes {
				// Waits for the end of all calls.
			}
		}()
		for outcome := range run.outcomes {
			if !yield(outcome) {
				return
			}
		}
	}
}

// Puts turns documents into the requests that write them. What [PutRequest]
// refuses becomes a request that fails with [ErrInvalid], so that indexes agree.
func Puts[D Document](docs iter.Seq[D]) iter.Seq[Request] {
	return func(yield func(Request) bool) {
		for doc := range docs {
			// The zero request fails as it should.
			req, _ := PutRequest(doc)
			if !yield(req) {
				return
			}
		}
	}
}
