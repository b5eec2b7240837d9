package franzbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
)

// ensure creates the topics that do not exist. It returns, by topic, why one is not there.
func (t *Transport) ensure(client *kgo.Client, topics ...string) map[string]error {
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
		return ofEach(missing, t.unreachable(start, err))
	}
	var create []string
	for _, topic := range missing {
		if !found.Has(topic) || found[topic].Err != nil {
			create = append(create, topic)
		}
	}
	failed := t.create(ctx, admin, create)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, topic := range missing {
		if failed[topic] == nil {
			t.known[topic] = true
		}
	}
	return failed
}

func (t *Transport) unknown(topics []string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var missing []string
	for _, topic := range topics {
		if !t.known[topic] && !slices.Contains(missing, topic) {
			missing = append(missing, topic)
		}
	}
	return missing
}

// create returns, by topic, why one was not created. Nothing makes a topic of a name
// that the broker does not take.
func (t *Transport) create(ctx context.Context, admin *kadm.Client, topics []string) map[string]error {
	if len(topics) == 0 {
		return nil
	}
	made, err := admin.CreateTopics(ctx, t.cfg.Partitions, t.cfg.Replicas, nil, topics...)
	if err != nil {
		return ofEach(topics, fmt.Errorf("franzbus: create topics: %w", err))
	}
	failed := make(map[string]error)
	for topic, result := range made {
		if result.Err == nil || errors.Is(result.Err, kerr.TopicAlreadyExists) {
			continue
		}
		failed[topic] = fmt.Errorf("franzbus: create topic %s: %w", topic, result.Err)
		if errors.Is(result.Err, kerr.InvalidTopicException) {
			failed[topic] = eventbus.Permanent(failed[topic])
		}
	}
	return failed
}

func ofEach(topics []string, err error) map[string]error {
	errs := make(map[string]error, len(topics))
	for _, topic := range topics {
		errs[topic] = err
	}
	return errs
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
