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

// scanning counts the looks into retry topics.
type scanning struct {
	*membus.Bus
	scans atomic.Int32
}

func (s *scanning) Scan(ctx context.Context, topic, group string, visit func(*eventbus.Record) error) error {
	s.scans.Add(1)
	return s.Bus.Scan(ctx, topic, group, visit)
}

// TestRetriedKeysAreForgotten: a consumer does not keep every key in mind that was
// ever retried, also when none of them comes again.
func TestRetriedKeysAreForgotten(t *testing.T) {
	const keys = 11_000
	bus := &scanning{Bus: membus.New(membus.Config{Partitions: 1})}
	consumer, err := eventbus.NewConsumer(bus, eventbus.ConsumerConfig{
		Group: "g", Logger: quiet(),
		Failure: eventbus.FailurePolicy{Attempts: 1, Delays: []time.Duration{time.Nanosecond}},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, consumer.Close(t.Context())) }()
	var handled atomic.Int32
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "topic", Callback: eventbus.CallbackFunc(
		func(ctx context.Context, _ *eventbus.Message) error {
			if d, _ := eventbus.DeliveryFrom(ctx); d.Attempt == 1 {
				return errors.New("not yet")
			}
			handled.Add(1)
			return nil
		})}))
	producer, err := eventbus.NewProducer(bus, eventbus.ProducerConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	published := 0
	publish := func() {
		msg, err := eventbus.NewMessage("topic", "Tested", strconv.Itoa(published), published)
		require.NoError(t, err)
		require.NoError(t, producer.Publish(t.Context(), msg))
		published++
	}
	for range keys {
		publish()
	}
	require.Eventually(t, func() bool { return handled.Load() == keys }, 30*time.Second, 5*time.Millisecond)
	require.Eventually(t, func() bool {
		publish()
		return bus.scans.Load() > 1 // the first when the partition came
	}, 30*time.Second, 50*time.Millisecond)
}
