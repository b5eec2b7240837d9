package kafkabus

import (
	"context"
	"errors"
	"fmt"

	"github.com/IBM/sarama"

	"github.com/hexplane/hexplane/eventbus"
)

const (
	// fetchVersion is Kafka 2.3's. From 3 on, the first batch comes whole; zstd needs 10.
	fetchVersion = 11
	// fetchBytes are asked for at a time; the broker sends at least one batch.
	fetchBytes = 4 << 20
	// fetchWait is for how many milliseconds a broker may wait for what it does not
	// have yet: what a scan asks for was there when it began.
	fetchWait = 10
)

// reading is where a scan is in one partition. It asks the broker itself: sarama's
// PartitionConsumer, made to follow a partition, takes 0.6 s to begin and to end, and
// does not say where it is when a transaction's mark is the last it read.
type reading struct {
	client    sarama.Client
	topic     string
	partition int32
	next      int64
	visit     func(*eventbus.Record) error
}

// to visits the records before the offset end.
func (r *reading) to(ctx context.Context, end int64) error {
	for r.next < end {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		resp, block, err := r.fetch()
		if errors.Is(err, sarama.ErrOffsetOutOfRange) {
			err = r.skipDeleted()
			if err == nil {
				continue
			}
		}
		if err != nil {
			return fmt.Errorf("kafkabus: scan %s/%d: %w", r.topic, r.partition, err)
		}
		if err := r.answer(resp, block, end); err != nil {
			return err
		}
	}
	return nil
}

// answer visits the records in what a broker sent. If there are none the next offset
// was compacted away: a batch that has become empty shows in nothing else, and what
// comes after it may be in the next answer only.
func (r *reading) answer(resp *sarama.FetchResponse, block *sarama.FetchResponseBlock, end int64) error {
	before := r.next
	if err := r.records(block, end); err != nil {
		return err
	}
	if r.next == before && resp.ThrottleTime == 0 && block.HighWaterMarkOffset >= end {
		r.next++
	}
	return nil
}

// fetch asks the partition's leader, and once more if that is not the leader any more
// or has gone.
func (r *reading) fetch() (*sarama.FetchResponse, *sarama.FetchResponseBlock, error) {
	resp, block, err := r.fetchOnce()
	if err == nil || errors.Is(err, sarama.ErrOffsetOutOfRange) {
		return resp, block, err
	}
	if refused := r.client.RefreshMetadata(r.topic); refused != nil {
		return nil, nil, refused
	}
	return r.fetchOnce()
}

func (r *reading) fetchOnce() (*sarama.FetchResponse, *sarama.FetchResponseBlock, error) {
	leader, epoch, err := r.client.LeaderAndEpoch(r.topic, r.partition)
	if err != nil {
		return nil, nil, err
	}
	req := &sarama.FetchRequest{Version: fetchVersion, MinBytes: 1, MaxWaitTime: fetchWait, MaxBytes: fetchBytes, SessionEpoch: -1}
	req.AddBlock(r.topic, r.partition, r.next, fetchBytes, epoch)
	resp, err := leader.Fetch(req)
	if err != nil {
		_ = leader.Close() // or the next request would fail as well
		return nil, nil, err
	}
	block := resp.GetBlock(r.topic, r.partition)
	if block == nil {
		return nil, nil, sarama.ErrIncompleteResponse
	}
	if !errors.Is(block.Err, sarama.ErrNoError) {
		return nil, nil, block.Err
	}
	return resp, block, nil
}

// skipDeleted goes on with the oldest record there is, when those before it were
// deleted since the scan began.
func (r *reading) skipDeleted() error {
	oldest, err := r.client.GetOffset(r.topic, r.partition, sarama.OffsetOldest)
	if err != nil {
		return err
	}
	if oldest <= r.next {
		return sarama.ErrOffsetOutOfRange
	}
	r.next = oldest
	return nil
}

// records visits what a broker sent: whole batches, of which the first may have begun
// before, and the last may end after what was asked for.
func (r *reading) records(block *sarama.FetchResponseBlock, end int64) error {
	for _, set := range block.RecordsSet {
		batch := set.RecordBatch
		if batch == nil {
			return fmt.Errorf("kafkabus: scan %s/%d: its messages have the format from before Kafka 0.11", r.topic, r.partition)
		}
		if batch.PartialTrailingRecord { // cut off; asked for by itself it comes whole
			if batch.FirstOffset <= r.next {
				return fmt.Errorf("kafkabus: scan %s/%d: the broker sent a part of offset %d", r.topic, r.partition, r.next)
			}
			r.next = batch.FirstOffset
			return nil
		}
		for _, rec := range batch.Records {
			offset := batch.FirstOffset + rec.OffsetDelta
			if batch.Control || offset < r.next || offset >= end {
				continue
			}
			if err := r.visit(fromSarama(r.message(batch, rec))); err != nil {
				return err
			}
		}
		r.next = max(r.next, batch.LastOffset()+1)
	}
	return nil
}

func (r *reading) message(batch *sarama.RecordBatch, rec *sarama.Record) *sarama.ConsumerMessage {
	timestamp := batch.FirstTimestamp.Add(rec.TimestampDelta)
	if batch.LogAppendTime {
		timestamp = batch.MaxTimestamp
	}
	return &sarama.ConsumerMessage{
		Topic: r.topic, Partition: r.partition, Offset: batch.FirstOffset + rec.OffsetDelta,
		Key: rec.Key, Value: rec.Value, Headers: rec.Headers, Timestamp: timestamp,
	}
}
