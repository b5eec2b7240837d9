package hsadmin

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// overallDeadline bounds a call with all its attempts and waiting.
func overallDeadline(timeout time.Duration) decorator { return within(timeout) }

// attemptTimeout bounds one attempt. The retry that is around it tells an
// attempt that ran out of time from a caller that did.
func attemptTimeout(timeout time.Duration) decorator { return within(timeout) }

// endOf says why a context has ended: as context.Canceled or DeadlineExceeded,
// and as the cause that was given, if any.
func endOf(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

func within(timeout time.Duration) decorator {
	return func(next Requester) Requester {
		if timeout < 0 {
			return next
		}
		return RequesterFunc(func(ctx context.Context, req *Request) (*Response, error) {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			return next.Do(ctx, req)
		})
	}
}
