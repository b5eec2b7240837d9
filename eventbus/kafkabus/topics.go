package kafkabus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"github.com/hexplane/hexplane/eventbus"
)

// ensure creates the topic unless it exists, and waits until it has leaders:
// sarama's own way with a missing topic is to fail after 6 s.
func (t *Transport) ensure(topic string) error {
	t.mu.Lock()
	known := t.known[topic]
	t.mu.Unlock()
	if known {
		return nil
	}
	start := time.Now()
	if err := t.create(topic); err != nil {
		if brokersGone(err) {
			return t.unreachable(start, err)
		}
		failed := fmt.Errorf("kafkabus: topic %s: %w", topic, err)
		if errors.Is(err, sarama.ErrInvalidTopic) { // nothing makes a topic of such a name
			return eventbus.Permanent(failed)
		}
		return failed
	}
	t.mu.Lock()
	t.known[topic] = true
	t.mu.Unlock()
	return nil
}

func (t *Transport) create(topic string) error {
	client, err := t.client("eventbus-topics")
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	if exists(client, topic) && led(client, topic) == nil {
		return nil
	}
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		return err
	}
	detail := &sarama.TopicDetail{NumPartitions: t.cfg.Partitions, ReplicationFactor: t.cfg.Replicas}
	if err := admin.CreateTopic(topic, detail, false); err != nil && !errors.Is(err, sarama.ErrTopicAlreadyExists) {
		return err
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := led(client, topic)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// exists looks a topic up in what the client was told when it connected. To ask for a
// topic that is missing would take all of the client's retries.
func exists(client sarama.Client, topic string) bool {
	topics, err := client.Topics()
	return err == nil && slices.Contains(topics, topic)
}

// find returns what a broker has to say of a topic that the client was not told of
// when it connected: that there is none, or that the client may not know. It asks once.
func find(client sarama.Client, topic string) error {
	if exists(client, topic) {
		return nil
	}
	broker := client.LeastLoadedBroker()
	if broker == nil {
		return sarama.ErrOutOfBrokers
	}
	resp, err := broker.GetMetadata(sarama.NewMetadataRequest(client.Config().Version, []string{topic}))
	if err != nil {
		return err
	}
	for _, found := range resp.Topics {
		if found.Name == topic && !errors.Is(found.Err, sarama.ErrNoError) {
			return found.Err
		}
	}
	return nil
}

// led reports whether every partition of the topic has a leader that serves it.
func led(client sarama.Client, topic string) error {
	if err := client.RefreshMetadata(topic); err != nil {
		return err
	}
	partitions, err := client.Partitions(topic)
	if err != nil {
		return err
	}
	writable, err := client.WritablePartitions(topic)
	if err != nil {
		return err
	}
	if len(writable) < len(partitions) {
		return sarama.ErrLeaderNotAvailable
	}
	for _, p := range partitions { // a new leader may not know yet that it is one
		if _, err := client.GetOffset(topic, p, sarama.OffsetNewest); err != nil {
			return err
		}
	}
	return nil
}

// client returns a connected client for administration and scans.
func (t *Transport) client(tag string) (sarama.Client, error) {
	cfg, err := t.saramaConfig(tag)
	if err != nil {
		return nil, err
	}
	cfg.Metadata.Retry.Max = 2
	cfg.Consumer.Return.Errors = true
	if cfg, err = t.finish(cfg); err != nil {
		return nil, err
	}
	return sarama.NewClient(t.cfg.Brokers, cfg)
}

// Topics implements eventbus.TopicLister.
func (t *Transport) Topics(context.Context) ([]string, error) {
	start := time.Now()
	client, err := t.client("eventbus-topics")
	if err != nil {
		if brokersGone(err) {
			return nil, t.unreachable(start, err)
		}
		return nil, fmt.Errorf("kafkabus: topics: %w", err)
	}
	defer func() { _ = client.Close() }()
	topics, err := client.Topics()
	if err != nil {
		return nil, fmt.Errorf("kafkabus: topics: %w", err)
	}
	slices.Sort(topics)
	return topics, nil
}
