package franzbus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ensure creates the topics that do not exist.
func (t *Transport) ensure(client *kgo.Client, topics ...string) error {
	missing := t.unknown(topics)
	if len(missing) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*t.cfg.ConnectTimeout)
	defer cancel()
	admin := kadm.NewClient(client)
	start := time.Now()
	found, err := admin.ListTopics(ctx, missing...)
	if err != nil {
		return t.unreachable(start, err)
	}
	var create []string
	for _, topic := range missing {
		if !found.Has(topic) || found[topic].Err != nil {
			create = append(create, topic)
		}
	}
	if err := t.create(ctx, admin, create); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, topic := range missing {
		t.known[topic] = true
	}
	return nil
}

func (t *Transport) unknown(topics []string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var missing []string
	for _, topic := range topics {
		if !t.known[topic] {
			missing = append(missing, topic)
		}
	}
	return missing
}

func (t *Transport) create(ctx context.Context, admin *kadm.Client, topics []string) error {
	if len(topics) == 0 {
		return nil
	}
	made, err := admin.CreateTopics(ctx, t.cfg.Partitions, t.cfg.Replicas, nil, topics...)
	if err != nil {
		return fmt.Errorf("franzbus: create topics: %w", err)
	}
	for topic, result := range made {
		if result.Err != nil && !errors.Is(result.Err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("franzbus: create topic %s: %w", topic, result.Err)
		}
	}
	return nil
}

// Topics implements eventbus.TopicLister.
func (t *Transport) Topics(ctx context.Context) ([]string, error) {
	client, err := t.client("eventbus-topics")
	if err != nil {
		return nil, err
	}
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("franzbus: topics: %w", err)
	}
	return topics.Names(), nil
}
