package eventbustest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// testRegistration: topics come and go while the consumer runs.
func testRegistration(t *testing.T, h Harness) {
	f := newFixture(t, h)
	consumer := f.consumer()
	var rec recorder
	other := eventbus.Registry{Topic: f.topic + "-other", Callback: &rec}
	f.register(consumer, rec.Notify)
	require.ErrorIs(t, consumer.Register(other, eventbus.Registry{Topic: f.topic, Callback: &rec}),
		eventbus.ErrAlreadyRegistered)
	require.Equal(t, []string{f.topic}, consumer.RegisteredTopics(), "all or none")
	require.NoError(t, consumer.Register(other))
	require.Equal(t, []string{f.topic, other.Topic}, consumer.RegisteredTopics())
	require.ErrorIs(t, consumer.Unregister(f.topic, "unknown"), eventbus.ErrNotRegistered)

	producer := f.producer()
	f.publish(producer, f.message("k", 0))
	f.eventually("registered: handled", rec.seen(1))
	require.NoError(t, consumer.Unregister(f.topic))
	require.Equal(t, []string{other.Topic}, consumer.RegisteredTopics())
	f.publish(producer, f.message("k", 1))
	elsewhere := f.message("k", 2)
	elsewhere.Topic = other.Topic
	f.publish(producer, elsewhere)
	f.eventually("the other topic goes on", rec.seen(2))
	require.Equal(t, []int{0, 2}, rec.numbers()["k"])
	f.register(consumer, rec.Notify)
	f.eventually("registered again: handled from where it stopped", rec.seen(3))
	require.Equal(t, []int{0, 2, 1}, rec.numbers()["k"])

	require.NoError(t, consumer.Close(f.context()))
	require.NoError(t, consumer.Close(f.context()), "twice")
	require.ErrorIs(t, consumer.Register(other), eventbus.ErrClosed)
	require.ErrorIs(t, consumer.Unregister(other.Topic), eventbus.ErrClosed)
}

// testCloseDrains: Close waits for the message in flight and commits it; the
// group goes on with the next one.
func testCloseDrains(t *testing.T, h Harness) {
	f := newFixture(t, h)
	started, release := make(chan struct{}), make(chan struct{})
	var rec recorder
	var once atomic.Bool
	consumer := f.consumer()
	f.register(consumer, func(ctx context.Context, msg *eventbus.Message) error {
		if once.CompareAndSwap(false, true) {
			close(started)
		}
		<-release
		if err := ctx.Err(); err != nil {
			return err
		}
		return rec.Notify(ctx, msg)
	})
	f.publish(f.producer(), f.message("k", 0), f.message("k", 1))
	<-started
	closed := make(chan error, 1)
	go func() { closed <- consumer.Close(f.context()) }()
	select {
	case <-closed:
		t.Fatal("Close did not wait for the message in flight")
	case <-time.After(300 * time.Millisecond):
	}
	close(release)
	require.NoError(t, <-closed)
	handled := rec.count()
	require.GreaterOrEqual(t, handled, 1)

	f.register(f.consumer(), rec.Notify)
	f.eventually("the group goes on", rec.seen(2))
	f.publish(f.producer(), f.message("k", 2))
	f.eventually("the group goes on", rec.seen(3))
	require.Equal(t, upTo(3), rec.numbers()["k"], "none twice, none lost")
}

// testCloseDeadline: when the deadline passes, the handler's context ends, Close
// says so, and the message comes again.
func testCloseDeadline(t *testing.T, h Harness) {
	f := newFixture(t, h)
	started := make(chan struct{})
	consumer := f.consumer(func(c *eventbus.ConsumerConfig) { c.DrainTimeout = 2 * time.Second })
	f.register(consumer, func(ctx context.Context, _ *eventbus.Message) error {
		close(started)
		<-ctx.Done()
		return ctx.Err()
	})
	f.publish(f.producer(), f.message("k", 0))
	<-started
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, consumer.Close(ctx), context.DeadlineExceeded)

	var rec recorder
	f.register(f.consumer(), rec.Notify)
	f.eventually("the message comes again", rec.seen(1))
}

// testResumeAfterRestart: a group goes on where its last consumer stopped.
func testResumeAfterRestart(t *testing.T, h Harness) {
	const rounds, each = 4, 50
	f := newFixture(t, h)
	producer := f.producer()
	var rec recorder
	for round := range rounds {
		for n := range each {
			f.publish(producer, f.message("k", round*each+n))
		}
		consumer := f.consumer()
		f.register(consumer, rec.Notify)
		f.eventually("this round's messages arrive", rec.seen((round+1)*each))
		require.NoError(t, consumer.Close(f.context()))
	}
	require.Equal(t, upTo(rounds*each), rec.numbers()["k"])
}

// testPause: a paused topic stands still, and goes on when resumed.
func testPause(t *testing.T, h Harness) {
	f := newFixture(t, h)
	consumer := f.consumer()
	var rec recorder
	f.register(consumer, rec.Notify)
	producer := f.producer()
	f.publish(producer, f.message("k", 0))
	f.eventually("running: handled", rec.seen(1))
	require.ErrorIs(t, consumer.Pause(f.topic, "unknown"), eventbus.ErrNotRegistered)
	require.NoError(t, consumer.Pause(f.topic))
	f.publish(producer, f.message("k", 1))
	require.Never(t, rec.seen(2), 500*time.Millisecond, 10*time.Millisecond, "paused: not handled")
	require.NoError(t, consumer.Resume(f.topic))
	f.eventually("resumed: handled", rec.seen(2))
	require.Equal(t, upTo(2), rec.numbers()["k"])
}

// testAssignment: a consumer knows its partitions; two share them, and one that
// leaves hands its own over.
func testAssignment(t *testing.T, h Harness) {
	f := newFixture(t, h)
	var rec recorder
	first, second := f.consumer(), f.consumer()
	held := func(c *eventbus.Consumer) int { return len(c.Assignment()[f.topic]) }
	f.register(first, rec.Notify)
	f.eventually("one has all", func() bool { return held(first) == h.Features.Partitions })
	f.register(second, rec.Notify)
	if h.Features.Shares {
		f.eventually("two share them", func() bool {
			return held(first) > 0 && held(second) > 0 && held(first)+held(second) == h.Features.Partitions
		})
	}
	require.NoError(t, first.Close(f.context()))
	require.Empty(t, first.Assignment())
	f.eventually("the other has all", func() bool { return held(second) == h.Features.Partitions })
	f.publish(f.producer(), f.message("k", 0))
	f.eventually("and handles them", rec.seen(1))
}

// testLag: the lag of a topic is what the group has not committed.
func testLag(t *testing.T, h Harness) {
	f := newFixture(t, h)
	consumer := f.consumer(func(c *eventbus.ConsumerConfig) { c.CommitInterval = 100 * time.Millisecond })
	var rec recorder
	f.register(consumer, rec.Notify)
	producer := f.producer()
	f.publish(producer, f.message("k", 0))
	lag := func(n int64) func() bool {
		return func() bool {
			all, err := consumer.Lag(f.context())
			require.NoError(t, err)
			return all[f.topic] == n
		}
	}
	f.eventually("handled: no lag", lag(0))
	require.NoError(t, consumer.Pause(f.topic))
	f.publish(producer, f.message("k", 1), f.message("l", 2))
	f.eventually("paused: lag", lag(2))
	require.NoError(t, consumer.Resume(f.topic))
	f.eventually("resumed: no lag", lag(0))
}

// testManyRegistrations: a topic can come and go any number of times, and
// nothing is lost or handled twice meanwhile.
func testManyRegistrations(t *testing.T, h Harness) {
	f := newFixture(t, h)
	consumer := f.consumer()
	producer := f.producer()
	var rec recorder
	for n := range h.Registrations {
		f.register(consumer, rec.Notify)
		if n%50 == 0 {
			f.publish(producer, f.message("k", n/50))
			f.eventually("handled", rec.seen(n/50+1))
		}
		require.NoError(t, consumer.Unregister(f.topic))
	}
	require.Equal(t, upTo((h.Registrations+49)/50), rec.numbers()["k"])
	require.Empty(t, consumer.RegisteredTopics())
}
