package eventbus

import (
	"math/rand/v2"
	"time"
)

// FailurePolicy is all that happens to a message whose callback fails.
//
//  1. Attempts calls of the callback, with exponential backoff and jitter
//     between them. Later messages of the same key wait.
//  2. Then the dead-letter topic.
//
// An error marked by Permanent, and a record that cannot be decoded, go to the
// dead-letter topic at once. A panic is an error.
type FailurePolicy struct {
	// Attempts is how often the callback is called at once. Default: 4.
	Attempts int
	// Backoff is the pause after the first failure; it doubles after each
	// further one, and each is shortened at random by up to half. Default: 100 ms.
	Backoff time.Duration
	// MaxBackoff bounds the pause. Default: 5 s.
	MaxBackoff time.Duration
}

func (p FailurePolicy) withDefaults() FailurePolicy {
	p.Attempts = orDefault(p.Attempts, 4)
	p.Backoff = orDefault(p.Backoff, 100*time.Millisecond)
	p.MaxBackoff = orDefault(p.MaxBackoff, 5*time.Second)
	return p
}

// pause returns the time to wait after the n-th failed attempt, n from 1.
func (p FailurePolicy) pause(n int) time.Duration {
	return jittered(p.Backoff, p.MaxBackoff, n)
}

func jittered(base, limit time.Duration, n int) time.Duration {
	d := limit
	if n-1 < 32 && base<<(n-1) > 0 {
		d = min(limit, base<<(n-1))
	}
	return d - time.Duration(rand.Int64N(int64(d)/2+1)) //nolint:gosec // jitter needs no secrecy
}
