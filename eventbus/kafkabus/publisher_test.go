package kafkabus_test

import (
	"testing"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
)

// TestPublishToNoTopic: a topic that cannot be is its own messages' failure, for ever.
func TestPublishToNoTopic(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "no.topic"))
	require.NoError(t, err)
	defer cluster.Close()
	producer, err := eventbus.NewProducer(kafkabus.New(kafkabus.Config{Brokers: cluster.ListenAddrs()}), eventbus.ProducerConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	var msgs []*eventbus.Message
	for _, topic := range []string{"replies", "no_topic", "replies"} { // Kafka takes one of a.b and a_b
		msg, err := eventbus.NewMessage(topic, "Sent", "key", 1)
		require.NoError(t, err)
		msgs = append(msgs, msg)
	}
	var failed *eventbus.PublishError
	require.ErrorAs(t, producer.Publish(t.Context(), msgs...), &failed)
	require.Len(t, failed.Failed, 1)
	require.Equal(t, 1, failed.Failed[0].Index)
	require.ErrorIs(t, failed.Failed[0].Err, sarama.ErrInvalidTopic)
	require.True(t, eventbus.Refused(failed.Failed[0].Err))
}
