package hsadmin

import (
	"context"
	"time"
)

// overallDeadline bounds a call with all its attempts and waiting.
func overallDeadline(timeout time.Duration) decorator { return within(timeout) }

// attemptTimeout bounds one attempt. The retry that is around it tells an
// attempt that ran out of time from a caller that did.
func attemptTimeout(timeout time.Duration) decorator { return within(timeout) }

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
