package hsadmin

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// retry sends a request again while [RetryConfig] and the budget allow.
func retry(cfg RetryConfig) decorator {
	budget := newBudget(cfg.BudgetRatio, cfg.BudgetBurst)
	return func(next Requester) Requester {
		return RequesterFunc(func(ctx context.Context, req *Request) (*Response, error) {
			budget.earn()
			for {
				req.trail.attempt++
				resp, err := next.Do(ctx, req)
				if err == nil {
					return resp, nil
				}
				wait, again := retryAfter(ctx, cfg, req, err)
				if !again || !budget.spend() {
					return nil, err
				}
				if ended := req.place.pause(ctx, wait); ended != nil {
					return nil, interrupted(err, ended)
				}
			}
		})
	}
}

// retryAfter decides whether a failed attempt is made again, and after how long.
//
// It is when all of this holds:
//   - the caller still waits, and will until the wait is over;
//   - attempts are left;
//   - the request may be repeated: any but a POST without an idempotency key;
//   - another attempt may end otherwise: there was no complete answer (no
//     connection, a reset, a timeout, an open breaker), or it was 429, 502, 503
//     or 504. A refused TLS identity is not such a case, nor is a 500, which
//     says that the backend failed on this very document.
//
// The wait is what the backend asked for with Retry-After, up to MaxRetryAfter.
// Otherwise it is exponential backoff with full jitter: random between 0 and
// BaseDelay·2ⁿ, at most MaxDelay, so that clients that failed together do not
// come back together (Brooker, "Exponential Backoff and Jitter", 2015).
func retryAfter(ctx context.Context, cfg RetryConfig, req *Request, err error) (time.Duration, bool) {
	failure, ok := errors.AsType[*Error](err)
	if !ok || ctx.Err() != nil || req.trail.attempt >= cfg.MaxAttempts {
		return 0, false
	}
	if req.Method == http.MethodPost && req.IdempotencyKey == "" {
		return 0, false
	}
	switch failure.Status {
	case 0:
		if !errors.Is(failure, ErrUnavailable) {
			return 0, false
		}
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return 0, false
	}
	wait := min(failure.RetryAfter, cfg.MaxRetryAfter)
	if wait == 0 {
		wait = backoff(cfg, req.trail.attempt)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return 0, false
	}
	return wait, true
}

// backoff is the random wait after the given attempt, from 1.
func backoff(cfg RetryConfig, attempt int) time.Duration {
	bound := cfg.MaxDelay
	if shift := attempt - 1; shift < 30 {
		bound = min(bound, cfg.BaseDelay<<shift)
	}
	return rand.N(max(bound, 1))
}

// sleep waits, and returns why when the context ended the wait.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return endOf(ctx)
	}
}

// interrupted is the last failure of a call whose waiting was ended.
func interrupted(last, ended error) error {
	failure, ok := errors.AsType[*Error](last)
	if !ok {
		return last
	}
	failure.Err = ended
	return failure
}
