package eventbus

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// whilePaused is how often a message looks whether its paused topic goes on.
const whilePaused = 250 * time.Millisecond

type unavailableError struct{ err error }

func (e *unavailableError) Error() string { return e.err.Error() }
func (e *unavailableError) Unwrap() error { return e.err }

// Unavailable marks an error as one of the downstream, not of the message: the
// topic pauses until a probe succeeds, and the message keeps its attempts.
// Unavailable(nil) is nil.
func Unavailable(err error) error {
	if err == nil {
		return nil
	}
	return &unavailableError{err}
}

func isUnavailable(err error) bool {
	var u *unavailableError
	return errors.As(err, &u)
}

// gate lets the attempts of one topic through, or not: while the topic is
// paused none, while its downstream is out one probe at a time.
type gate struct {
	policy OutagePolicy
	shut   atomic.Bool // paused or out: a look that costs nothing

	mu        sync.Mutex
	paused    bool
	out       bool
	probing   bool // a message is under way as the probe
	probes    int  // failed, of this outage
	nextProbe time.Time
	results   []bool // ring of the last attempts: failed?
	next      int
	failures  int
}

// enter returns nil when an attempt may be made now, else when to ask again. Who
// is told to be the probe says so to leave, and calls probed in the end.
func (g *gate) enter() (probe bool, err error) {
	if !g.shut.Load() {
		return false, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch now := time.Now(); {
	case g.paused:
		return false, later(whilePaused)
	case !g.out:
		return false, nil
	case g.probing || now.Before(g.nextProbe):
		return false, g.laterLocked(now)
	}
	g.probing = true
	return true, nil
}

// probed says that the probe has ended, with a result or without any.
func (g *gate) probed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probing = false
}

func (g *gate) wait() time.Duration {
	return min(g.policy.MaxProbe, g.policy.Probe<<min(g.probes, 16))
}

// enterLater says when to ask again, for one whose attempt found the downstream out.
func (g *gate) enterLater() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.laterLocked(time.Now())
}

// laterLocked is the time of the next probe, or a while when there is one under way.
func (g *gate) laterLocked(now time.Time) error {
	if now.Before(g.nextProbe) {
		return &LaterError{At: g.nextProbe}
	}
	return later(whilePaused)
}

// change is what the result of an attempt did to the gate.
type change int

const (
	unchanged change = iota
	wentOut
	cameBack
)

// leave takes the result of an attempt in. While the downstream is out, only that
// of the probe counts: others started before.
func (g *gate) leave(probe bool, err error) change {
	if err == nil && !g.shut.Load() && g.policy.FailureRate <= 0 {
		return unchanged
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.shutLocked()
	failed := err != nil && !IsPermanent(err)
	if g.out {
		return g.leaveOutLocked(probe, failed, err)
	}
	if g.note(failed) || isUnavailable(err) {
		g.out = true
		g.nextProbe = time.Now().Add(g.wait())
		return wentOut
	}
	return unchanged
}

func (g *gate) leaveOutLocked(probe, failed bool, err error) change {
	switch {
	case !probe:
	case err == nil:
		g.out, g.probes = false, 0
		g.results, g.next, g.failures = nil, 0, 0
		return cameBack
	case failed:
		g.probes++
		g.nextProbe = time.Now().Add(g.wait())
	}
	return unchanged
}

// note reports whether the failure rate is over the limit.
func (g *gate) note(failed bool) bool {
	if g.policy.FailureRate <= 0 {
		return false
	}
	if len(g.results) < g.policy.Sample {
		g.results = append(g.results, failed)
	} else {
		if g.results[g.next] {
			g.failures--
		}
		g.results[g.next] = failed
		g.next = (g.next + 1) % len(g.results)
	}
	if failed {
		g.failures++
	}
	return len(g.results) == g.policy.Sample && float64(g.failures) >= g.policy.FailureRate*float64(g.policy.Sample)
}

// isOut reports whether the downstream is out.
func (g *gate) isOut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.out
}

func (g *gate) pause(paused bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paused = paused
	g.shutLocked()
}

func (g *gate) shutLocked() { g.shut.Store(g.paused || g.out) }
