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

// gate lets the attempts of one topic through, or not: while the topic is
// paused none, while its downstream is out one probe at a time.
type gate struct {
	policy OutagePolicy
	shut   atomic.Bool // paused or out: a look that costs nothing

	mu        sync.Mutex
	paused    bool
	out       bool
	probes    int // failed, of this outage
	nextProbe time.Time
	results   []bool // ring of the last attempts: failed?
	next      int
	failures  int
}

// enter returns nil when an attempt may be made now, else when to ask again.
func (g *gate) enter() error {
	if !g.shut.Load() {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	switch {
	case g.paused:
		return &LaterError{At: now.Add(whilePaused)}
	case !g.out:
		return nil
	case now.Before(g.nextProbe):
		return &LaterError{At: g.nextProbe}
	}
	// This one is the probe; the others wait for its result, or the next turn.
	g.nextProbe = now.Add(g.wait())
	return nil
}

func (g *gate) wait() time.Duration {
	return min(g.policy.MaxProbe, g.policy.Probe<<min(g.probes, 16))
}

// enterLater says when to ask again, for one whose attempt found the downstream out.
func (g *gate) enterLater() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return &LaterError{At: g.nextProbe}
}

// change is what the result of an attempt did to the gate.
type change int

const (
	unchanged change = iota
	wentOut
	cameBack
)

// leave takes the result of an attempt in.
func (g *gate) leave(err error) change {
	if err == nil && !g.shut.Load() && g.policy.FailureRate <= 0 {
		return unchanged
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.shutLocked()
	now := time.Now()
	if err == nil && g.out {
		g.out, g.probes = false, 0
		g.results, g.next, g.failures = nil, 0, 0
		return cameBack
	}
	var u *unavailableError
	failed := err != nil && !IsPermanent(err)
	if failed && g.out {
		g.probes++
		g.nextProbe = now.Add(g.wait())
		return unchanged
	}
	if g.note(failed) || errors.As(err, &u) {
		g.out = true
		g.nextProbe = now.Add(g.wait())
		return wentOut
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
