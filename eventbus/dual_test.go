package eventbus_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

func TestDualConsumer(t *testing.T) {
	bus := membus.New(membus.Config{Partitions: 2})
	part := func() *eventbus.Consumer {
		c, err := eventbus.NewConsumer(bus, eventbus.ConsumerConfig{Group: "g", Logger: quiet()})
		require.NoError(t, err)
		return c
	}
	reliable, performant := part(), part()
	dual := eventbus.NewDualConsumer(reliable, performant, "fast", "faster")
	nothing := eventbus.CallbackFunc(func(context.Context, *eventbus.Message) error { return nil })
	registry := func(topic string) eventbus.Registry { return eventbus.Registry{Topic: topic, Callback: nothing} }

	require.NoError(t, dual.Register(registry("safe"), registry("fast")))
	require.Equal(t, []string{"fast", "safe"}, dual.RegisteredTopics())
	require.Equal(t, []string{"safe"}, reliable.RegisteredTopics())
	require.Equal(t, []string{"fast"}, performant.RegisteredTopics())
	require.Eventually(t, func() bool {
		a := dual.Assignment()
		return len(a["safe"]) == 2 && len(a["fast"]) == 2
	}, 30*time.Second, 5*time.Millisecond)

	require.ErrorIs(t, dual.Register(registry("safer"), registry("fast")), eventbus.ErrAlreadyRegistered)
	require.Equal(t, []string{"fast", "safe"}, dual.RegisteredTopics(), "all or none")
	require.ErrorIs(t, dual.Unregister("safe", "faster"), eventbus.ErrNotRegistered)
	require.ErrorIs(t, dual.Pause("fast", "unknown"), eventbus.ErrNotRegistered)
	require.NoError(t, dual.Pause("fast", "safe"))
	require.NoError(t, dual.Resume("fast", "safe"))
	require.NoError(t, dual.Unregister("safe", "fast"))
	require.Empty(t, dual.RegisteredTopics())
	require.NoError(t, dual.Close(t.Context()))
	require.NoError(t, dual.Close(t.Context()), "twice")
	require.ErrorIs(t, dual.Register(registry("fast")), eventbus.ErrClosed)
}

// TestBatch: what arrives together is handled together; errors go to whose they are.
func TestBatch(t *testing.T) {
	errBad := errors.New("bad")
	var mu sync.Mutex
	var sizes []int
	callback := eventbus.Batch(eventbus.BatchConfig{Max: 4, Wait: time.Hour},
		func(_ context.Context, msgs []*eventbus.Message) error {
			mu.Lock()
			defer mu.Unlock()
			sizes = append(sizes, len(msgs))
			failed := make(eventbus.BatchError)
			for i, msg := range msgs {
				switch msg.Key {
				case "bad":
					failed[i] = errBad
				case "panic":
					panic("on purpose")
				}
			}
			return failed
		})
	notify := func(keys ...string) map[string]error {
		errs := make(map[string]error)
		var lock sync.Mutex
		var all sync.WaitGroup
		for _, key := range keys {
			all.Go(func() {
				err := callback.Notify(t.Context(), &eventbus.Message{Key: key})
				lock.Lock()
				defer lock.Unlock()
				errs[key] = err
			})
		}
		all.Wait()
		return errs
	}
	errs := notify("a", "b", "bad", "c")
	require.ErrorIs(t, errs["bad"], errBad)
	require.NoError(t, errs["a"])
	errs = notify("a", "b", "panic", "c")
	require.Error(t, errs["a"], "a panic is everybody's error")
	require.Equal(t, []int{4, 4}, sizes)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, callback.Notify(ctx, &eventbus.Message{Key: "alone"}), context.Canceled)
}

// TestBatchWaits: a batch that does not fill is handled after Wait.
func TestBatchWaits(t *testing.T) {
	callback := eventbus.Batch(eventbus.BatchConfig{Wait: time.Millisecond},
		func(context.Context, []*eventbus.Message) error { return nil })
	require.NoError(t, callback.Notify(t.Context(), &eventbus.Message{}))
}
