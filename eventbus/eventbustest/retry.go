package eventbustest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// failing is a callback that fails for message 0 of key "bad" a number of times.
type failing struct {
	recorder
	failures int32
	failed   atomic.Int32
	attempt  atomic.Int32 // of the last success of that message
}

func (f *failing) Notify(ctx context.Context, msg *eventbus.Message) error {
	if msg.Key == "bad" && string(msg.Payload) == "0" {
		if f.failed.Add(1) <= f.failures {
			return errTest
		}
		d, _ := eventbus.DeliveryFrom(ctx)
		f.attempt.Store(int32(d.Attempt))
	}
	return f.recorder.Notify(ctx, msg)
}

func delays(unordered ...string) func(*eventbus.ConsumerConfig) {
	return func(c *eventbus.ConsumerConfig) {
		c.CommitInterval = 100 * time.Millisecond
		c.Failure = eventbus.FailurePolicy{
			Attempts: 2, Backoff: time.Millisecond, Unordered: unordered,
			Delays: []time.Duration{300 * time.Millisecond, 600 * time.Millisecond},
		}
	}
}

// testDelayedRetry: a message that keeps failing goes through the retry topics;
// its key's later messages follow it, other keys do not wait.
func testDelayedRetry(t *testing.T, h Harness) {
	const others = 20
	f := newFixture(t, h)
	callback := failing{failures: 3}
	f.register(f.consumer(delays()), callback.Notify)
	producer := f.producer()
	f.publish(producer, f.message("bad", 0))
	f.eventually("it fails twice", func() bool { return callback.failed.Load() >= 2 })
	f.publish(producer, f.message("bad", 1), f.message("bad", 2))
	for n := range others {
		f.publish(producer, f.message(fmt.Sprintf("good-%d", n), n))
	}
	f.eventually("others do not wait", callback.seen(others))
	f.eventually("all are handled", callback.seen(others+3))
	require.Equal(t, upTo(3), callback.numbers()["bad"])
	require.Equal(t, int32(4), callback.attempt.Load(), "two at once, one per delay")

	f.publish(producer, f.message("bad", 3))
	f.eventually("the key goes on", callback.seen(others+4))
	require.Equal(t, upTo(4), callback.numbers()["bad"])
}

// testRetryUnordered: where order is given up, nothing waits.
func testRetryUnordered(t *testing.T, h Harness) {
	f := newFixture(t, h)
	callback := failing{failures: 2}
	f.register(f.consumer(delays(f.topic)), callback.Notify)
	f.publish(f.producer(), f.message("bad", 0), f.message("bad", 1), f.message("bad", 2))
	f.eventually("all are handled", callback.seen(3))
	require.Equal(t, []int{1, 2, 0}, callback.numbers()["bad"])
}

// testRetryExhausted: after the last delay the message is a dead letter, with
// every attempt counted and nothing left of the retries; followers are handled.
func testRetryExhausted(t *testing.T, h Harness) {
	f := newFixture(t, h)
	callback := failing{failures: 100}
	f.register(f.consumer(delays()), callback.Notify)
	f.publish(f.producer(), f.message("bad", 0), f.message("bad", 1))
	letter := f.oneDeadLetter(f.deadLetters())
	require.Equal(t, "4", letter.Header("dlq_attempts"))
	require.Equal(t, f.topic, letter.Header("dlq_topic"))
	require.Equal(t, "0", letter.Header("dlq_offset"))
	require.Empty(t, letter.Header("retry_at"))
	require.Empty(t, letter.Header("retry_attempts"))
	f.eventually("the one behind is handled", callback.seen(1))
	require.Equal(t, []int{1}, callback.numbers()["bad"])
}

// testRetryOverRestart: neither the delay nor the order is lost with the consumer.
func testRetryOverRestart(t *testing.T, h Harness) {
	const delay = 3 * time.Second
	f := newFixture(t, h)
	policy := func(c *eventbus.ConsumerConfig) {
		c.Failure = eventbus.FailurePolicy{Attempts: 1, Delays: []time.Duration{delay}}
	}
	callback := failing{failures: 1}
	first := f.consumer(policy)
	f.register(first, callback.Notify)
	producer := f.producer()
	f.publish(producer, f.message("bad", 0))
	f.eventually("it fails", func() bool { return callback.failed.Load() == 1 })
	failedAt := time.Now()
	require.NoError(t, first.Close(f.context()))

	f.publish(producer, f.message("bad", 1))
	var mu sync.Mutex
	var retriedAt time.Time
	f.register(f.consumer(policy), func(ctx context.Context, msg *eventbus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		if retriedAt.IsZero() {
			retriedAt = time.Now()
		}
		return callback.Notify(ctx, msg)
	})
	f.eventually("both are handled", callback.seen(2))
	require.Equal(t, upTo(2), callback.numbers()["bad"])
	mu.Lock()
	defer mu.Unlock()
	require.GreaterOrEqual(t, retriedAt.Sub(failedAt), delay-500*time.Millisecond)
}

// testOutage: while the downstream is out, nothing but probes is attempted, no
// message loses attempts, and all are handled once it is back.
func testOutage(t *testing.T, h Harness) {
	const messages = 50
	f := newFixture(t, h)
	var out atomic.Bool
	var calls, later atomic.Int32
	out.Store(true)
	var rec recorder
	f.register(f.consumer(func(c *eventbus.ConsumerConfig) {
		c.Failure.Attempts = 1
		c.Failure.Outage = eventbus.OutagePolicy{Probe: 100 * time.Millisecond, MaxProbe: 200 * time.Millisecond}
	}), func(ctx context.Context, msg *eventbus.Message) error {
		calls.Add(1)
		if out.Load() {
			return fmt.Errorf("wrapped: %w", eventbus.Unavailable(errors.New("connection refused")))
		}
		if d, _ := eventbus.DeliveryFrom(ctx); d.Attempt > 1 {
			later.Add(1)
		}
		return rec.Notify(ctx, msg)
	})
	producer := f.producer()
	for n := range messages {
		f.publish(producer, f.message("k", n))
	}
	f.eventually("it is probed", func() bool { return calls.Load() >= 3 })
	require.Zero(t, rec.count())
	out.Store(false)
	f.eventually("all are handled", rec.seen(messages))
	require.Equal(t, upTo(messages), rec.numbers()["k"])
	require.Zero(t, later.Load(), "no attempt was counted")
}

// testFailureRate: too many failures are an outage too.
func testFailureRate(t *testing.T, h Harness) {
	f := newFixture(t, h)
	var out atomic.Bool
	out.Store(true)
	var rec recorder
	paused := make(chan struct{}, 64)
	f.register(f.consumer(func(c *eventbus.ConsumerConfig) {
		c.Observer = observerFunc(func(o eventbus.Observation) {
			if o.Kind == eventbus.Paused {
				paused <- struct{}{}
			}
		})
		c.Failure.Attempts = 1000
		c.Failure.Outage = eventbus.OutagePolicy{FailureRate: 0.5, Sample: 5, Probe: 50 * time.Millisecond}
	}), func(ctx context.Context, msg *eventbus.Message) error {
		if out.Load() {
			return errTest
		}
		return rec.Notify(ctx, msg)
	})
	f.publish(f.producer(), f.message("k", 0))
	select {
	case <-paused:
	case <-f.context().Done():
		t.Fatal("the topic was not paused")
	}
	out.Store(false)
	f.eventually("it is handled", rec.seen(1))
}

type observerFunc func(eventbus.Observation)

func (f observerFunc) Observe(o eventbus.Observation) { f(o) }
