package hsadmin

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// limiter bounds how many calls run at once, and adapts the bound to what the
// backend bears, as DCTCP does (RFC 8257): attempts are judged in rounds of as
// many as may run at once. Each round that used the bound raises it by one;
// signs of overload lower it in proportion to how many attempts showed one. A few
// stray failures thus cost little, and a backend that refuses everything halves
// it each round.
type limiter struct {
	cfg BatchConfig

	mu       sync.Mutex
	limit    float64
	inFlight int
	waiting  []chan struct{}

	// The round under way.
	ended, marked int
	peak          int
	fastest       time.Duration
	// overload is the smoothed part of attempts that showed overload.
	overload float64
	// usual is the least latency seen lately.
	usual time.Duration
}

const (
	// latencyFloor is what no attempt is blamed for, however fast others are.
	latencyFloor = 25 * time.Millisecond
	// overloadGain is the weight of the latest round in overload.
	overloadGain = 0.5
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

// acquire waits until one more call may run, or the context ends.
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
	if l.overloaded(err, took) {
		l.marked++
	}
	if l.ended >= int(l.limit) {
		l.endRound()
		l.grant()
	}
}

func (l *limiter) overloaded(err error, took time.Duration) bool {
	if errors.Is(err, ErrThrottled) || errors.Is(err, ErrUnavailable) {
		return true
	}
	return l.usual > 0 && took > latencyFloor && float64(took) > l.cfg.LatencyTolerance*float64(l.usual)
}

func (l *limiter) endRound() {
	part := float64(l.marked) / float64(l.ended)
	l.overload += overloadGain * (part - l.overload)
	if l.peak >= int(l.limit) {
		l.limit++
	}
	if l.marked > 0 {
		l.limit *= 1 - l.overload/2
	}
	l.limit = min(max(l.limit, float64(l.cfg.MinConcurrency)), float64(l.cfg.MaxConcurrency))
	if l.fastest > 0 {
		l.usual += l.usual / latencyDrift
		if l.usual == 0 || l.fastest < l.usual {
			l.usual = l.fastest
		}
	}
	l.ended, l.marked, l.peak, l.fastest = 0, 0, l.inFlight, 0
}
