package kafkabus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"github.com/hexplane/hexplane/eventbus"
)

// span is the part of a partition from the first offset to before the last.
type span struct{ from, to int64 }

// Scan implements eventbus.Scanner.
func (t *Transport) Scan(ctx context.Context, topic, group string, visit func(*eventbus.Record) error) error {
	start := time.Now()
	client, err := t.client("eventbus-scan")
	if err != nil {
		if brokersGone(err) {
			return t.unreachable(start, err)
		}
		return fmt.Errorf("kafkabus: scan %s: %w", topic, err)
	}
	defer func() { _ = client.Close() }()
	spans, err := uncommitted(client, topic, group)
	if err != nil {
		return fmt.Errorf("kafkabus: scan %s: %w", topic, err)
	}
	for _, partition := range slices.Sorted(maps.Keys(spans)) {
		r := reading{client: client, topic: topic, partition: partition, next: spans[partition].from, visit: visit}
		if err := r.to(ctx, spans[partition].to); err != nil {
			return err
		}
	}
	return nil
}

// uncommitted returns, per partition, what the group has not committed, or
// everything when group is "". A topic that does not exist is empty.
func uncommitted(client sarama.Client, topic, group string) (map[int32]span, error) {
	if err := find(client, topic); errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	partitions, err := client.Partitions(topic)
	if errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	committed, err := groupOffsets(client, topic, group, partitions)
	if err != nil {
		return nil, err
	}
	spans := make(map[int32]span, len(partitions))
	for _, p := range partitions {
		from, err := client.GetOffset(topic, p, sarama.OffsetOldest)
		if err != nil {
			return nil, err
		}
		to, err := client.GetOffset(topic, p, sarama.OffsetNewest)
		if err != nil {
			return nil, err
		}
		spans[p] = span{max(from, committed[p]), to}
	}
	return spans, nil
}

func groupOffsets(client sarama.Client, topic, group string, partitions []int32) (map[int32]int64, error) {
	offsets := make(map[int32]int64)
	if group == "" {
		return offsets, nil
	}
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		return nil, err
	}
	resp, err := admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: partitions})
	if errors.Is(err, sarama.ErrGroupIDNotFound) {
		return offsets, nil
	}
	if err != nil {
		return nil, err
	}
	for _, p := range partitions {
		if block := resp.GetBlock(topic, p); block != nil && block.Offset >= 0 {
			offsets[p] = block.Offset
		}
	}
	return offsets, nil
}

// Lag implements eventbus.LagReporter.
func (s *subscriber) Lag(_ context.Context, topics ...string) (map[string]int64, error) {
	client, err := s.transport.client("eventbus-lag")
	if err != nil {
		return nil, fmt.Errorf("kafkabus: lag: %w", err)
	}
	defer func() { _ = client.Close() }()
	lag := make(map[string]int64, len(topics))
	for _, topic := range topics {
		spans, err := uncommitted(client, topic, s.cfg.Group)
		if err != nil {
			return nil, fmt.Errorf("kafkabus: lag of %s: %w", topic, err)
		}
		for _, span := range spans {
			lag[topic] += max(0, span.to-span.from)
		}
	}
	return lag, nil
}
