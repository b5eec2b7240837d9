package eventbustest_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
)

// TestDrainLongerThanSession: a member that drains for longer than its session keeps
// its place in the group: what it finishes is committed, and is handled by no other.
func TestDrainLongerThanSession(t *testing.T) {
	const session = time.Second
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DefaultNumPartitions(4),
		kfake.BrokerConfigs(map[string]string{"group.min.session.timeout.ms": "100"}))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	for name, transport := range map[string]eventbus.Transport{
		"franzbus": franzbus.New(franzbus.Config{Brokers: cluster.ListenAddrs(), SessionTimeout: session}),
		"kafkabus": kafkabus.New(kafkabus.Config{Brokers: cluster.ListenAddrs(), Sarama: func(cfg *sarama.Config) {
			cfg.Consumer.Group.Session.Timeout, cfg.Consumer.Group.Heartbeat.Interval = session, session/4
		}}),
	} {
		t.Run(name, func(t *testing.T) { testSlowDrain(t, transport, name, 3*session) })
	}
}

func testSlowDrain(t *testing.T, transport eventbus.Transport, topic string, hold time.Duration) {
	const messages = 64
	producer, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, producer.Close()) })
	for n := range messages {
		msg, err := eventbus.NewMessage(topic, "Tested", strconv.Itoa(n), n)
		require.NoError(t, err)
		require.NoError(t, producer.Publish(t.Context(), msg))
	}
	var mu sync.Mutex
	handled := make(map[string]int)
	release := make(chan struct{})
	join := func() *eventbus.Consumer {
		consumer, err := eventbus.NewConsumer(transport, eventbus.ConsumerConfig{Group: "group-" + topic, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, consumer.Close(context.Background())) })
		require.NoError(t, consumer.Register(eventbus.Registry{
			Topic: topic, Callback: eventbus.CallbackFunc(func(_ context.Context, msg *eventbus.Message) error {
				mu.Lock()
				handled[msg.ID]++
				mu.Unlock()
				<-release
				return nil
			}),
		}))
		return consumer
	}
	begun := func(n int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(handled) >= n
		}
	}
	first := join()
	require.Eventually(t, begun(4), 20*time.Second, 10*time.Millisecond)
	second := join()
	<-time.After(hold) // the first one drains, for several sessions
	close(release)
	require.Eventually(t, begun(messages), 30*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool {
		return len(first.Assignment()[topic]) == 2 && len(second.Assignment()[topic]) == 2
	}, 30*time.Second, 10*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	for id, n := range handled {
		require.Equal(t, 1, n, id)
	}
}
