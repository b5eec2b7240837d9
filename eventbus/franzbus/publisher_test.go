package franzbus_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

// A broker that stops answering in the middle of a Publish holds up neither the
// Publish for longer than its context, nor Close.
func TestPublishEndsWithItsContext(t *testing.T) {
	for name, linger := range map[string]time.Duration{"no linger": 0, "linger": 5 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
			require.NoError(t, err)
			defer cluster.Close()
			producer, err := eventbus.NewProducer(franzbus.New(franzbus.Config{Brokers: cluster.ListenAddrs()}),
				eventbus.ProducerConfig{Linger: linger})
			require.NoError(t, err)
			msg, err := eventbus.NewMessage("topic", "Sent", "key", 1)
			require.NoError(t, err)
			require.NoError(t, producer.Publish(t.Context(), msg))

			ctx, cancel := context.WithCancel(t.Context())
			cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
				cluster.KeepControl()
				cancel() // the request is with the broker, which never answers
				return nil, nil, true
			})
			err = producer.Publish(ctx, msg)
			require.ErrorIs(t, err, context.Canceled)
			var failed *eventbus.PublishError
			require.ErrorAs(t, err, &failed)
			require.NoError(t, producer.Close())
		})
	}
}

// TestPublishToNoTopic: a topic that cannot be is its own messages' failure, for ever.
func TestPublishToNoTopic(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "no.topic"))
	require.NoError(t, err)
	defer cluster.Close()
	transport := franzbus.New(franzbus.Config{Brokers: cluster.ListenAddrs()})
	producer, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	publish := func(topics ...string) (indices []int) {
		var msgs []*eventbus.Message
		for _, topic := range topics {
			msg, err := eventbus.NewMessage(topic, "Sent", "key", 1)
			require.NoError(t, err)
			msgs = append(msgs, msg)
		}
		var failed *eventbus.PublishError
		require.ErrorAs(t, producer.Publish(t.Context(), msgs...), &failed)
		for _, failure := range failed.Failed {
			require.ErrorIs(t, failure.Err, kerr.InvalidTopicException)
			require.ErrorContains(t, failure.Err, "no_topic")
			require.True(t, eventbus.Refused(failure.Err))
			indices = append(indices, failure.Index)
		}
		return indices
	}
	const collides = "no_topic" // Kafka takes one of a.b and a_b
	require.Equal(t, []int{1, 3}, publish("replies", collides, "events", collides, "replies"))
	require.Equal(t, []int{1}, publish("events", collides, "replies"), "the others are there now")
	require.Equal(t, []int{0}, publish(collides))
	for topic, want := range map[string]int{"replies": 3, "events": 2} {
		n := 0
		require.NoError(t, transport.Scan(t.Context(), topic, "", func(*eventbus.Record) error { n++; return nil }))
		require.Equal(t, want, n, topic)
	}
}
