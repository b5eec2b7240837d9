//go:build integration

package eventbustest_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/eventbustest"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
	"github.com/hexplane/hexplane/internal/realservers"
)

// transports are the adapters that speak to Apache Kafka.
func transports(brokers []string) map[string]func() eventbus.Transport {
	return map[string]func() eventbus.Transport{
		"kafkabus": func() eventbus.Transport { return kafkabus.New(kafkabus.Config{Brokers: brokers}) },
		"franzbus": func() eventbus.Transport { return franzbus.New(franzbus.Config{Brokers: brokers}) },
	}
}

func TestApacheKafka(t *testing.T) {
	kafka := realservers.Kafka(t, 1)
	for name, transport := range transports(kafka.Addrs()) {
		t.Run(name, func(t *testing.T) {
			eventbustest.Run(t, eventbustest.Harness{
				Transport: func(*testing.T) eventbus.Transport { return transport() },
				Features: eventbustest.Features{
					ParallelKeys: name == "franzbus", Partitions: 4, Shares: true,
				},
				Registrations: 100,
				Wait:          2 * time.Minute,
			})
		})
		t.Run(name+"/Watermill", func(t *testing.T) {
			eventbustest.Watermill(t, tests.Features{ConsumerGroups: true, Persistent: true, ForceShort: true},
				func(*testing.T) eventbus.Transport { return transport() })
		})
	}
}

// TestBrokerRestart: the broker dies and comes back; nothing is lost.
func TestBrokerRestart(t *testing.T) {
	kafka := realservers.Kafka(t, 1)
	for name, transport := range transports(kafka.Addrs()) {
		t.Run(name, func(t *testing.T) {
			survive(t, transport, func(string) {
				kafka.Kill(0)
				kafka.Start(t, 0)
				kafka.Ready(t)
			})
		})
	}
}

// TestLeaderKilled: of three brokers the leader of a partition dies while it is
// produced to and consumed from; nothing is lost.
func TestLeaderKilled(t *testing.T) {
	kafka := realservers.Kafka(t, 3)
	for name, transport := range transports(kafka.Addrs()) {
		t.Run(name, func(t *testing.T) {
			killed := -1
			survive(t, transport, func(topic string) {
				killed = leader(t, kafka.Addrs(), topic)
				kafka.Kill(killed)
			})
			kafka.Start(t, killed)
			kafka.Ready(t)
		})
	}
}

func leader(t *testing.T, brokers []string, topic string) int {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	require.NoError(t, err)
	defer client.Close()
	details, err := kadm.NewClient(client).ListTopics(context.Background(), topic)
	require.NoError(t, err)
	return int(details[topic].Partitions[0].Leader) - 1
}

// survive publishes and consumes, lets the disaster happen in the middle, and
// expects every message that was published, each key's in order.
func survive(t *testing.T, transport func() eventbus.Transport, disaster func(topic string)) {
	const keys, each = 20, 200
	topic := fmt.Sprintf("survive-%d", time.Now().UnixNano())
	quiet := slog.New(slog.DiscardHandler)
	consumer, err := eventbus.NewConsumer(transport(), eventbus.ConsumerConfig{Group: topic, Logger: quiet})
	require.NoError(t, err)
	defer func() { require.NoError(t, consumer.Close(context.Background())) }()
	seen := newTally()
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: topic, Callback: seen}))
	producer, err := eventbus.NewProducer(transport(), eventbus.ProducerConfig{Logger: quiet, Timeout: 2 * time.Minute})
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	for n := range each {
		msgs := make([]*eventbus.Message, keys)
		for k := range msgs {
			msgs[k], err = eventbus.NewMessage(topic, "Survived", fmt.Sprint("key-", k), n)
			require.NoError(t, err)
		}
		require.NoError(t, producer.Publish(context.Background(), msgs...))
		if n == each/2 {
			disaster(topic)
		}
	}
	require.Eventually(t, func() bool { return seen.complete(keys, each) }, 3*time.Minute, 50*time.Millisecond, "messages were lost")
	require.Zero(t, seen.outOfOrder(), "order was lost")
}

// tally notes, per key, the numbers seen; one that was seen before is a
// duplicate, one that skips others is out of order.
type tally struct {
	mu       sync.Mutex
	next     map[string]int
	disorder int
}

func newTally() *tally { return &tally{next: make(map[string]int)} }

func (s *tally) Notify(_ context.Context, msg *eventbus.Message) error {
	var n int
	if _, err := fmt.Sscan(string(msg.Payload), &n); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case n == s.next[msg.Key]:
		s.next[msg.Key]++
	case n > s.next[msg.Key]:
		s.disorder++
	}
	return nil
}

func (s *tally) complete(keys, each int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, next := range s.next {
		if next < each {
			return false
		}
	}
	return len(s.next) == keys
}

func (s *tally) outOfOrder() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.disorder
}
