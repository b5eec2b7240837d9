package eventbus

import (
	"math/rand/v2"
	"slices"
	"time"
)

// FailurePolicy is all that happens to a message whose callback fails.
//
//  1. Attempts calls of the callback, with exponential backoff and jitter
//     between them; later messages of the same key wait.
//  2. For each of Delays: the message goes to the retry topic of that delay
//     (see RetryTopic), where it waits, over restarts too, and gets one more
//     attempt. Nothing waits for it but later messages of its key, which follow
//     it through the retry topics, unless the topic is among Unordered.
//  3. Then the dead-letter topic (see DeadLetterTopic).
//
// An error marked by Permanent, and a record that cannot be decoded, go to the
// dead-letter topic at once. A panic is an error. While the callback's
// downstream is out (see OutagePolicy) nothing is attempted but a probe.
//
// Every message has Attempts+len(Delays) attempts. One that followed another
// into the last retry topic makes what it has left there, in place.
type FailurePolicy struct {
	// Attempts is how often the callback is called at once. Default: 4.
	Attempts int
	// Backoff is the pause after the first failure; it doubles after each
	// further one, and each is shortened at random by up to half. Default: 100 ms.
	Backoff time.Duration
	// MaxBackoff bounds the pause. Default: 5 s.
	MaxBackoff time.Duration
	// Delays are the waits in retry topics; they should grow. Default: none.
	Delays []time.Duration
	// Unordered names the topics whose order may be given up under failure, so
	// that later messages of a key do not wait. Default: every topic keeps it.
	Unordered []string
	// Outage says when the downstream counts as out, and what then.
	Outage OutagePolicy
}

// OutagePolicy is how a consumer treats a downstream that is out: a callback
// said so with Unavailable, or too many attempts failed. The topic then pauses,
// messages keep their attempts, and one message at a time is tried as a probe
// until one succeeds. A probe whose error was not marked by Unavailable costs its
// message an attempt: so messages that nobody can handle do not keep a topic out,
// but an outage that only FailureRate tells of costs some messages their attempts.
type OutagePolicy struct {
	// FailureRate, of the last Sample attempts of a topic, is an outage.
	// Permanent errors do not count. Default: 0, which only trusts Unavailable.
	FailureRate float64
	// Sample is how many attempts are looked at. Default: 20.
	Sample int
	// Probe is the wait before the first probe; it doubles after each failed
	// one. Default: 1 s.
	Probe time.Duration
	// MaxProbe bounds that wait. Default: 30 s.
	MaxProbe time.Duration
}

func (p FailurePolicy) withDefaults() FailurePolicy {
	p.Attempts = orDefault(p.Attempts, 4)
	p.Backoff = orDefault(p.Backoff, 100*time.Millisecond)
	p.MaxBackoff = orDefault(p.MaxBackoff, 5*time.Second)
	p.Outage.Sample = orDefault(p.Outage.Sample, 20)
	p.Outage.Probe = orDefault(p.Outage.Probe, time.Second)
	p.Outage.MaxProbe = orDefault(p.Outage.MaxProbe, 30*time.Second)
	return p
}

// attempts is how many attempts a message has in all.
func (p FailurePolicy) attempts() int { return p.Attempts + len(p.Delays) }

// keepsOrder reports whether later messages of a key follow one that waits.
func (p FailurePolicy) keepsOrder(topic string) bool { return !slices.Contains(p.Unordered, topic) }

// pause returns the time to wait after the n-th failed attempt, n from 1.
func (p FailurePolicy) pause(n int) time.Duration { return jittered(p.Backoff, p.MaxBackoff, n) }

func jittered(base, limit time.Duration, n int) time.Duration {
	d := limit
	if n-1 < 32 && base<<(n-1) > 0 {
		d = min(limit, base<<(n-1))
	}
	return d - time.Duration(rand.Int64N(int64(d)/2+1))
}
