package hsadmin

import (
	"context"
	"errors"

	"github.com/sony/gobreaker/v2"
)

// circuitBreaker stops attempts for a while when hardly any finds the backend
// available, so that neither side wastes its strength.
func circuitBreaker(cfg BreakerConfig) decorator {
	return func(next Requester) Requester {
		if cfg.Disabled {
			return next
		}
		breaker := gobreaker.NewCircuitBreaker[*Response](gobreaker.Settings{
			Name:     "hsadmin",
			Interval: cfg.Interval,
			Timeout:  cfg.OpenFor,
			ReadyToTrip: func(n gobreaker.Counts) bool {
				return int(n.Requests) >= cfg.MinAttempts &&
					float64(n.TotalFailures) >= cfg.FailureRatio*float64(n.Requests)
			},
			IsSuccessful: func(err error) bool { return !errors.Is(err, ErrUnavailable) },
			// A caller that went away says nothing about the backend.
			IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
		})
		return RequesterFunc(func(ctx context.Context, req *Request) (*Response, error) {
			resp, err := breaker.Execute(func() (*Response, error) { return next.Do(ctx, req) })
			if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
				return nil, &Error{Operation: req.operation(), Err: err, kind: ErrUnavailable}
			}
			return resp, err
		})
	}
}
