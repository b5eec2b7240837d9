package kafkabus_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
)

// A group is left soon also when the broker has gone with what was not committed yet;
// Close says when it was not.
func TestCloseWithoutBroker(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "topic"))
	require.NoError(t, err)
	defer cluster.Close()
	transport := kafkabus.New(kafkabus.Config{Brokers: cluster.ListenAddrs()})
	producer, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{})
	require.NoError(t, err)
	sent, err := eventbus.NewMessage("topic", "Sent", "key", 1)
	require.NoError(t, err)
	require.NoError(t, producer.Publish(t.Context(), sent))
	require.NoError(t, producer.Close())
	sub, err := transport.Subscriber(eventbus.ConsumerConfig{
		Group: "group", DrainTimeout: 10 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	messages, err := sub.Subscribe(t.Context(), "topic")
	require.NoError(t, err)
	msg := <-messages
	cluster.Close()
	msg.Ack()
	require.NoError(t, sub.Close())
	_, open := <-messages
	require.False(t, open)
}
