package eventbus_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

// patient returns a consumer that drains for as long as it takes, and a producer's
// way to make its callbacks run.
func patient(t *testing.T) (consumer *eventbus.Consumer, publish func(topic string)) {
	t.Helper()
	bus := membus.New(membus.Config{Partitions: 1})
	consumer, err := eventbus.NewConsumer(bus, eventbus.ConsumerConfig{Group: "g", Logger: quiet(), DrainTimeout: time.Hour})
	require.NoError(t, err)
	producer, err := eventbus.NewProducer(bus, eventbus.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, producer.Close()) })
	return consumer, func(topic string) {
		msg, err := eventbus.NewMessage(topic, "Tested", "k", 1)
		require.NoError(t, err)
		require.NoError(t, producer.Publish(t.Context(), msg))
	}
}

func ends(t *testing.T, what string, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		require.Fail(t, "it hangs", what)
		return nil
	}
}

var nothing = eventbus.CallbackFunc(func(context.Context, *eventbus.Message) error { return nil })

// TestCallbackRegisters: a callback may ask and tell its consumer what it likes,
// also while its own topic is being unregistered.
func TestCallbackRegisters(t *testing.T) {
	consumer, publish := patient(t)
	started := make(chan struct{})
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "a", Callback: eventbus.CallbackFunc(
		func(context.Context, *eventbus.Message) error {
			close(started)
			for len(consumer.RegisteredTopics()) > 0 {
				runtime.Gosched() // until Unregister is under way
			}
			require.NoError(t, consumer.Register(eventbus.Registry{Topic: "b", Callback: nothing}))
			require.NoError(t, consumer.Pause("b"))
			require.NoError(t, consumer.Unregister("b"))
			require.ErrorIs(t, consumer.Pause("a"), eventbus.ErrNotRegistered)
			return nil
		})}))
	publish("a")
	<-started
	done := make(chan error, 1)
	go func() { done <- consumer.Unregister("a") }()
	require.NoError(t, ends(t, "Unregister", done))
	require.Empty(t, consumer.RegisteredTopics())
	require.NoError(t, consumer.Close(t.Context()))
}

// TestRegisterWaits: a topic that is being unregistered can be registered again as
// soon as it is.
func TestRegisterWaits(t *testing.T) {
	consumer, publish := patient(t)
	started, release := make(chan struct{}), make(chan struct{})
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "a", Callback: eventbus.CallbackFunc(
		func(context.Context, *eventbus.Message) error {
			close(started)
			<-release
			return nil
		})}))
	publish("a")
	<-started
	unregistered, registered := make(chan error, 1), make(chan error, 1)
	go func() { unregistered <- consumer.Unregister("a") }()
	require.Eventually(t, func() bool { return len(consumer.RegisteredTopics()) == 0 }, 30*time.Second, time.Millisecond)
	go func() { registered <- consumer.Register(eventbus.Registry{Topic: "a", Callback: nothing}) }()
	require.Never(t, func() bool { return len(registered) > 0 }, 100*time.Millisecond, 5*time.Millisecond)
	close(release)
	require.NoError(t, ends(t, "Unregister", unregistered))
	require.NoError(t, ends(t, "Register", registered))
	require.Equal(t, []string{"a"}, consumer.RegisteredTopics())
	require.NoError(t, consumer.Close(t.Context()))
}

// TestCloseFromCallback: it cannot wait for itself, but no longer than its context.
// Another Close, and an Unregister under way, end with it.
func TestCloseFromCallback(t *testing.T) {
	consumer, publish := patient(t)
	started, closed := make(chan struct{}), make(chan error, 1)
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "a", Callback: eventbus.CallbackFunc(
		func(ctx context.Context, _ *eventbus.Message) error {
			close(started)
			for len(consumer.RegisteredTopics()) > 0 {
				runtime.Gosched()
			}
			ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			closed <- consumer.Close(ctx)
			return nil
		})}))
	publish("a")
	<-started
	unregistered := make(chan error, 1)
	go func() { unregistered <- consumer.Unregister("a") }()
	require.ErrorIs(t, ends(t, "Close", closed), context.DeadlineExceeded)
	require.ErrorIs(t, ends(t, "Unregister", unregistered), context.DeadlineExceeded)
	require.ErrorIs(t, consumer.Close(t.Context()), context.DeadlineExceeded, "the same")
}

// TestRegistrationRaces: whatever is called at the same time, each call ends and
// nothing is left running.
func TestRegistrationRaces(t *testing.T) {
	const callers, rounds = 8, 200
	consumer, publish := patient(t)
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			for range rounds {
				_ = consumer.Register(eventbus.Registry{Topic: "a", Callback: nothing}, eventbus.Registry{Topic: "b", Callback: nothing})
				_ = consumer.Pause("a")
				publish("a")
				_ = consumer.Resume("a")
				consumer.Assignment()
				if n%2 == 0 {
					_ = consumer.Unregister("b")
					_ = consumer.Unregister("a")
				} else {
					_ = consumer.Unregister("a", "b")
				}
			}
		})
	}
	done := make(chan error, 1)
	go func() {
		all.Wait()
		done <- nil
	}()
	require.NoError(t, ends(t, "the callers", done))
	require.NoError(t, consumer.Close(t.Context()))
	require.Empty(t, consumer.RegisteredTopics())
}
