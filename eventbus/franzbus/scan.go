package franzbus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
)

// Scan implements eventbus.Scanner.
func (t *Transport) Scan(ctx context.Context, topic, group string, visit func(*eventbus.Record) error) error {
	client, err := t.client("eventbus-scan")
	if err != nil {
		return err
	}
	spans, err := backlog(ctx, kadm.NewClient(client), topic, group)
	client.Close()
	if err != nil {
		return fmt.Errorf("franzbus: scan %s: %w", topic, err)
	}
	if len(spans) == 0 {
		return nil
	}
	from := make(map[int32]kgo.Offset, len(spans))
	for id, s := range spans {
		from[id] = kgo.NewOffset().At(s.from)
	}
	// The last record of a partition may be the mark of a transaction.
	opts := []kgo.Opt{kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.KeepControlRecords()}
	if client, err = t.client("eventbus-scan", opts...); err != nil {
		return err
	}
	defer client.Close()
	return scan(ctx, client, topic, spans, visit)
}

// stall is after how long without a record a scan asks whether there still are any.
const stall = time.Second

func scan(ctx context.Context, client *kgo.Client, topic string, spans map[int32]span, visit func(*eventbus.Record) error) error {
	for len(spans) > 0 {
		poll, cancel := context.WithTimeout(ctx, stall)
		fetches := client.PollFetches(poll)
		stalled := poll.Err() != nil && ctx.Err() == nil
		cancel()
		if stalled {
			if err := dropDeleted(ctx, client, topic, spans); err != nil {
				return fmt.Errorf("franzbus: scan: %w", err)
			}
		} else if err := fetches.Err0(); err != nil {
			return fmt.Errorf("franzbus: scan: %w", err)
		}
		for iter := fetches.RecordIter(); !iter.Done(); {
			rec := iter.Next()
			s, open := spans[rec.Partition]
			if !open || rec.Offset >= s.to {
				continue
			}
			if !rec.Attrs.IsControl() {
				if err := visit(new(reader).read(rec)); err != nil {
					return err
				}
			}
			if rec.Offset == s.to-1 {
				delete(spans, rec.Partition)
			}
		}
	}
	return nil
}

// dropDeleted drops the spans of which every record was deleted since.
func dropDeleted(ctx context.Context, client *kgo.Client, topic string, spans map[int32]span) error {
	starts, err := kadm.NewClient(client).ListStartOffsets(ctx, topic)
	if err != nil {
		return err
	}
	for partition, s := range spans {
		if start, ok := starts.Lookup(topic, partition); ok && start.Err == nil && start.Offset >= s.to {
			delete(spans, partition)
		}
	}
	return nil
}

// span is the part of a partition from the first offset to before the last.
type span struct{ from, to int64 }

// backlog returns the partitions with something the group has not
// committed, or with anything when group is "". A topic that does not exist is empty.
func backlog(ctx context.Context, admin *kadm.Client, topic, group string) (map[int32]span, error) {
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	var committed kadm.OffsetResponses
	if group != "" {
		committed, err = admin.FetchOffsetsForTopics(ctx, group, topic)
		if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return nil, err
		}
	}
	spans := make(map[int32]span)
	var failed error
	ends.Each(func(end kadm.ListedOffset) {
		if end.Err != nil {
			failed = errors.Join(failed, unlessUnknown(end.Err))
			return
		}
		s := span{to: end.Offset}
		if start, ok := starts.Lookup(topic, end.Partition); ok {
			s.from = start.Offset
		}
		if c, ok := committed.Lookup(topic, end.Partition); ok && c.Err == nil {
			s.from = max(s.from, c.At)
		}
		if s.from < s.to {
			spans[end.Partition] = s
		}
	})
	return spans, failed
}

// Lag implements eventbus.LagReporter.
func (s *subscriber) Lag(ctx context.Context, topics ...string) (map[string]int64, error) {
	admin := kadm.NewClient(s.client)
	lag := make(map[string]int64, len(topics))
	for _, topic := range topics {
		spans, err := backlog(ctx, admin, topic, s.cfg.Group)
		if err != nil {
			return nil, fmt.Errorf("franzbus: lag of %s: %w", topic, err)
		}
		lag[topic] = 0
		for _, span := range spans {
			lag[topic] += span.to - span.from
		}
	}
	return lag, nil
}

func unlessUnknown(err error) error {
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return nil
	}
	return err
}
