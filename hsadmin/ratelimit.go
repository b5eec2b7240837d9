package hsadmin

import (
	"context"

	"golang.org/x/time/rate"
)

// rateLimit spaces attempts. Waiting ends with the context.
func rateLimit(perSecond float64, burst int) decorator {
	return func(next Requester) Requester {
		if perSecond <= 0 {
			return next
		}
		limiter := rate.NewLimiter(rate.Limit(perSecond), burst)
		return RequesterFunc(func(ctx context.Context, req *Request) (*Response, error) {
			if err := limiter.Wait(ctx); err != nil {
				failure := &Error{Operation: req.operation(), Err: err}
				if ctx.Err() == nil {
					failure.kind = ErrThrottled
				}
				return nil, failure
			}
			return next.Do(ctx, req)
		})
	}
}
