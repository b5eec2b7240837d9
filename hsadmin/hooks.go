package hsadmin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Attempt is one HTTP request that is about to be sent.
type Attempt struct {
	// Operation and Method are the request's.
	Operation, Method string
	// Number counts the attempts of a call, from 1.
	Number int
	// Header is sent with this attempt; a hook may add to it, for example a
	// traceparent.
	Header http.Header
}

// AttemptHook hears of every attempt: a tracer starts and ends its span here.
// The context returned is that of the attempt; ended is called once, with the
// status (0 when no answer came) and the error, if any.
type AttemptHook interface {
	AttemptStarted(ctx context.Context, attempt Attempt) (_ context.Context, ended func(status int, err error))
}

// Call is a call that has ended.
type Call struct {
	// Operation is the request's.
	Operation string
	// Attempts is how many attempts were made.
	Attempts int
	// Took is how long the call lasted, waiting included.
	Took time.Duration
	// Status is that of the last answer, 0 when none came.
	Status int
	// Err is nil when the call succeeded.
	Err error
}

// CallHook hears of every call when it has ended.
type CallHook interface {
	CallEnded(ctx context.Context, call Call)
}

func sortHooks(hooks []any) (attempts []AttemptHook, calls []CallHook, err error) {
	for _, hook := range hooks {
		attempt, onAttempt := hook.(AttemptHook)
		if onAttempt {
			attempts = append(attempts, attempt)
		}
		call, onCall := hook.(CallHook)
		if onCall {
			calls = append(calls, call)
		}
		if !onAttempt && !onCall {
			return nil, nil, fmt.Errorf("%w: %T is no hook", ErrInvalid, hook)
		}
	}
	return attempts, calls, nil
}

// observe tells the hooks and the batch of each attempt.
func observe(hooks []AttemptHook) decorator {
	return func(next Requester) Requester {
		return RequesterFunc(func(ctx context.Context, req *Request) (*Response, error) {
			if len(hooks) == 0 && req.place == nil {
				return next.Do(ctx, req)
			}
			ctx, ended := startAttempt(ctx, hooks, req)
			start := time.Now()
			resp, err := next.Do(ctx, req)
			if req.place != nil {
				req.place.limiter.observe(err, time.Since(start))
			}
			for _, end := range slices.Backward(ended) {
				end(statusOf(resp, err), err)
			}
			return resp, err
		})
	}
}

func startAttempt(ctx context.Context, hooks []AttemptHook, req *Request) (context.Context, []func(int, error)) {
	if len(hooks) == 0 {
		return ctx, nil
	}
	req.trail.header = http.Header{}
	ended := make([]func(int, error), len(hooks))
	for i, hook := range hooks {
		//nolint:fatcontext // each hook's context is within the one before, as with nested spans
		ctx, ended[i] = hook.AttemptStarted(ctx, Attempt{
			Operation: req.operation(), Method: req.Method, Number: req.trail.attempt, Header: req.trail.header,
		})
	}
	return ctx, ended
}
