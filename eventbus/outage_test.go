package eventbus_test

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

// outage consumes a topic of 16 partitions with a message in each, all of which are
// handled at the same time.
func outage(t *testing.T, policy eventbus.OutagePolicy, callback eventbus.CallbackFunc) {
	t.Helper()
	const keys = 64
	bus := membus.New(membus.Config{Partitions: 16})
	producer, err := eventbus.NewProducer(bus, eventbus.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, producer.Close()) })
	for n := range keys {
		msg, err := eventbus.NewMessage("topic", "Tested", strconv.Itoa(n), n)
		require.NoError(t, err)
		require.NoError(t, producer.Publish(t.Context(), msg))
	}
	consumer, err := eventbus.NewConsumer(bus, eventbus.ConsumerConfig{
		Group: "g", Logger: quiet(), Failure: eventbus.FailurePolicy{Outage: policy},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, consumer.Close(context.Background())) })
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "topic", Callback: callback}))
}

var errDown = eventbus.Unavailable(errors.New("connection refused"))

// TestOutageFoundByMany: however many messages find the downstream out, the first
// probe comes as soon as when one does.
func TestOutageFoundByMany(t *testing.T) {
	var calls atomic.Int32
	all, handled := make(chan struct{}), make(chan struct{}, 64)
	outage(t, eventbus.OutagePolicy{Probe: 10 * time.Millisecond, MaxProbe: time.Hour},
		func(context.Context, *eventbus.Message) error {
			n := calls.Add(1)
			if n == 16 {
				close(all)
			}
			if n <= 16 {
				<-all
				return errDown
			}
			handled <- struct{}{}
			return nil
		})
	for range 64 {
		select {
		case <-handled:
		case <-time.After(20 * time.Second):
			require.Fail(t, "the topic does not go on")
		}
	}
}

// TestOneProbe: a downstream that is out and slow is not asked by many.
func TestOneProbe(t *testing.T) {
	var calls, probing, most atomic.Int32
	all := make(chan struct{})
	outage(t, eventbus.OutagePolicy{Probe: time.Millisecond, MaxProbe: time.Millisecond},
		func(ctx context.Context, _ *eventbus.Message) error {
			n := calls.Add(1)
			if n == 16 {
				close(all)
			}
			if n <= 16 {
				<-all
				return errDown
			}
			most.Store(max(most.Load(), probing.Add(1)))
			defer probing.Add(-1)
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
			return errDown
		})
	require.Eventually(t, func() bool { return calls.Load() > 16+5 }, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, int32(1), most.Load())
}
