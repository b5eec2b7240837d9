package hsadmin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"
)

// limiter bounds how many attempts are under way at once, and adapts the bound to
// what the backend bears, much as DCTCP does (RFC 8257): attempts are judged in
// rounds of as many as may be under way at once, and each round changes the bound
// in proportion to how many of its attempts showed overload. Up to a fifth is
// borne: so many fail by chance somewhere, or are the price of knowing where the
// limit is. Fewer raise the bound a little, when the round used it; more lower it.
// So the bound settles next to what the backend bears, where a fifth is refused at
// most, which is less than the retry budget allows. If each round raised it by a
// whole one besides, a small bound would settle far above.
//
// Signs of overload are 429, 503, and latency when most of a round is slow; a few
// slow answers say nothing about load. Broken connections are the circuit
// breaker's to judge.
type limiter struct {
	cfg BatchConfig

	mu       sync.Mutex
	limit    float64
	inFlight int
	waiting  []chan struct{}

	// The round under way.
	ended, marked, slow int
	peak                int
	fastest             time.Duration
	// usual is the least latency seen lately.
	usual time.Duration
}

const (
	// latencyFloor is what no attempt is blamed for, however fast others are.
	latencyFloor = 25 * time.Millisecond
	// borne is the part of a round that may show overload without lowering the bound.
	borne = 1.0 / 5
	// gain is how much of the difference from borne a round changes the bound by: by
	// a 20th upwards at most, and by a fifth downwards. More of it makes the bound
	// swing, for a round hears of overload late.
	gain = 1.0 / 4
	// latencyDrift is how fast the usual latency follows a backend that became
	// slower for good, as a part per round.
	latencyDrift = 1000
)

func newLimiter(cfg BatchConfig) *limiter {
	return &limiter{cfg: cfg, limit: float64(cfg.InitialConcurrency)}
}

func (l *limiter) current() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int(l.limit)
}

// acquire waits until one more attempt may be under way, or the context ends.
func (l *limiter) acquire(ctx context.Context) error {
	if ctx.Err() != nil {
		return endOf(ctx)
	}
	l.mu.Lock()
	if len(l.waiting) == 0 && l.inFlight < int(l.limit) {
		l.start()
		l.mu.Unlock()
		return nil
	}
	granted := make(chan struct{})
	l.waiting = append(l.waiting, granted)
	l.mu.Unlock()
	select {
	case <-granted:
		return nil
	case <-ctx.Done():
		l.giveUp(granted)
		return endOf(ctx)
	}
}

func (l *limiter) giveUp(granted chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, granted); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		return
	}
	// It was granted meanwhile.
	l.inFlight--
	l.grant()
}

func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	l.grant()
}

// start and grant need the lock.
func (l *limiter) start() {
	l.inFlight++
	l.peak = max(l.peak, l.inFlight)
}

func (l *limiter) grant() {
	for len(l.waiting) > 0 && l.inFlight < int(l.limit) {
		close(l.waiting[0])
		l.waiting = l.waiting[1:]
		l.start()
	}
}

// observe judges one attempt.
func (l *limiter) observe(err error, took time.Duration) {
	if errors.Is(err, context.Canceled) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended++
	if err == nil && (l.fastest == 0 || took < l.fastest) {
		l.fastest = took
	}
	if isRefusal(err) {
		l.marked++
	}
	if l.isSlow(took) {
		l.slow++
	}
	if l.ended >= int(l.limit) {
		l.endRound()
		l.grant()
	}
}

// isRefusal tells whether the backend says that it has too much to do.
func isRefusal(err error) bool {
	failure, ok := errors.AsType[*Error](err)
	return ok && (failure.Status == http.StatusTooManyRequests || failure.Status == http.StatusServiceUnavailable)
}

func (l *limiter) isSlow(took time.Duration) bool {
	return l.usual > 0 && took > latencyFloor && float64(took) > l.cfg.LatencyTolerance*float64(l.usual)
}

func (l *limiter) endRound() {
	if 2*l.slow > l.ended {
		l.marked = l.ended
	}
	change := gain * (borne - float64(l.marked)/float64(l.ended))
	if change < 0 || l.peak >= int(l.limit) {
		l.limit *= 1 + change
	}
	l.limit = min(max(l.limit, float64(l.cfg.MinConcurrency)), float64(l.cfg.MaxConcurrency))
	if l.fastest > 0 {
		l.usual += l.usual / latencyDrift
		if l.usual == 0 || l.fastest < l.usual {
			l.usual = l.fastest
		}
	}
	l.ended, l.marked, l.slow, l.peak, l.fastest = 0, 0, 0, l.inFlight, 0
}
