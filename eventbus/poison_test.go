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

// TestPoisonEndsAnOutage: messages that nobody can handle, at the head of every
// partition, look like an outage, and every probe is one of them. They become dead
// letters, and the topic goes on.
func TestPoisonEndsAnOutage(t *testing.T) {
	const partitions, each, poison = 4, 5, 2
	bus := membus.New(membus.Config{Partitions: partitions})
	producer, err := eventbus.NewProducer(bus, eventbus.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, producer.Close()) })
	keys := keyOfEach(t, bus, producer, partitions)
	for n := range each {
		for _, key := range keys {
			msg, err := eventbus.NewMessage("topic", "Tested", key, n)
			require.NoError(t, err)
			require.NoError(t, producer.Publish(t.Context(), msg))
		}
	}
	consumer, err := eventbus.NewConsumer(bus, eventbus.ConsumerConfig{
		Group: "g", Logger: quiet(), Failure: eventbus.FailurePolicy{
			Attempts: 3, Backoff: time.Millisecond, Outage: eventbus.OutagePolicy{
				FailureRate: 0.5, Sample: 2, Probe: time.Millisecond, MaxProbe: 2 * time.Millisecond,
			},
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, consumer.Close(context.Background())) })
	var handled atomic.Int32
	require.NoError(t, consumer.Register(eventbus.Registry{
		Topic: "topic", Callback: eventbus.CallbackFunc(func(_ context.Context, msg *eventbus.Message) error {
			if n, err := strconv.Atoi(string(msg.Payload)); err != nil || n < poison {
				return errors.New("cannot be handled")
			}
			handled.Add(1)
			return nil
		}),
	}))
	require.Eventually(t, func() bool { return handled.Load() == partitions*(each-poison) }, 20*time.Second, 5*time.Millisecond)
	dead := 0
	require.NoError(t, bus.Scan(t.Context(), eventbus.DeadLetterTopic("topic", "g"), "", func(rec *eventbus.Record) error {
		dead++
		require.Equal(t, eventbus.ReasonExhausted, rec.Header(eventbus.HeaderDeadReason))
		return nil
	}))
	require.Equal(t, partitions*poison, dead)
}

// keyOfEach returns a key of each partition.
func keyOfEach(t *testing.T, bus *membus.Bus, producer *eventbus.Producer, partitions int) []string {
	t.Helper()
	for n := range 20 * partitions {
		msg, err := eventbus.NewMessage("probing", "Tested", strconv.Itoa(n), n)
		require.NoError(t, err)
		require.NoError(t, producer.Publish(t.Context(), msg))
	}
	found := make(map[int32]string)
	require.NoError(t, bus.Scan(t.Context(), "probing", "", func(rec *eventbus.Record) error {
		found[rec.Partition] = string(rec.Key)
		return nil
	}))
	require.Len(t, found, partitions)
	keys := make([]string, 0, partitions)
	for _, key := range found {
		keys = append(keys, key)
	}
	return keys
}
