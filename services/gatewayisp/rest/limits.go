package rest

import (
	"net/http"
	"sync"

	"golang.org/x/time/rate"

	"github.com/hexplane/hexplane/internal/httpapi"
)

// Limits bounds how many requests each provider may make, so that one cannot take
// the service away from the others.
type Limits struct {
	perSecond rate.Limit
	burst     int

	mu   sync.Mutex
	isps map[string]*rate.Limiter
}

// NewLimits allows each provider that many requests per second, and twice that many
// at once; 0 means no limit.
func NewLimits(perSecond int) *Limits {
	l := &Limits{perSecond: rate.Limit(perSecond), burst: 2 * perSecond, isps: map[string]*rate.Limiter{}}
	if perSecond <= 0 {
		l.perSecond = rate.Inf
	}
	return l
}

// admit returns a 429 when the provider is over its limit. Providers are known by
// their keys, so their number is bounded.
func (l *Limits) admit(w http.ResponseWriter, isp string) error {
	l.mu.Lock()
	limiter, ok := l.isps[isp]
	if !ok {
		limiter = rate.NewLimiter(l.perSecond, l.burst)
		l.isps[isp] = limiter
	}
	l.mu.Unlock()
	if limiter.Allow() {
		return nil
	}
	w.Header().Set("Retry-After", "1")
	return httpapi.NewProblem(http.StatusTooManyRequests, "too many requests")
}
