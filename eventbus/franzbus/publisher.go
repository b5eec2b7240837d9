package franzbus

import (
	"context"
	"errors"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
)

type publisher struct {
	transport *Transport
	client    *kgo.Client

	mu     sync.RWMutex // held for reading while publishing
	closed bool
}

func newPublisher(t *Transport, cfg eventbus.ProducerConfig) (*publisher, error) {
	opts := []kgo.Opt{
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerLinger(cfg.Linger),
		kgo.ProducerBatchMaxBytes(int32(max(1_000_012, cfg.MaxBytes+16<<10))), //nolint:gosec // a message size
		kgo.ProducerBatchCompression(codec(cfg.Compression)),
		kgo.UnknownTopicRetries(10),
	}
	client, err := t.client(cfg.Tag, opts...)
	if err != nil {
		return nil, err
	}
	return &publisher{transport: t, client: client}, nil
}

func codec(c eventbus.Compression) kgo.CompressionCodec {
	switch c {
	case eventbus.CompressionSnappy:
		return kgo.SnappyCompression()
	case eventbus.CompressionLZ4:
		return kgo.Lz4Compression()
	case eventbus.CompressionZstd:
		return kgo.ZstdCompression()
	case eventbus.CompressionGzip:
		return kgo.GzipCompression()
	case eventbus.CompressionNone:
	}
	return kgo.NoCompression()
}

// Publish implements message.Publisher.
func (p *publisher) Publish(topic string, messages ...*message.Message) error {
	recs := make([]*eventbus.Record, len(messages))
	for i, msg := range messages {
		recs[i] = eventbus.RecordOf(topic, msg)
	}
	return errors.Join(p.PublishRecords(context.Background(), recs)...)
}

// PublishRecords implements eventbus.RecordPublisher.
func (p *publisher) PublishRecords(ctx context.Context, recs []*eventbus.Record) []error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	errs := make([]error, len(recs))
	if p.closed {
		return fill(errs, eventbus.ErrClosed)
	}
	if err := p.ensure(recs); err != nil {
		return fill(errs, err)
	}
	// One allocation for all records, one wait for all promises.
	out := make([]kgo.Record, len(recs))
	var waiting sync.WaitGroup
	waiting.Add(len(recs))
	for i, rec := range recs {
		toKafka(rec, &out[i])
		p.client.Produce(ctx, &out[i], func(_ *kgo.Record, err error) {
			errs[i] = err
			waiting.Done()
		})
	}
	waiting.Wait()
	for _, err := range errs {
		if err != nil {
			return errs
		}
	}
	return nil
}

func (p *publisher) ensure(recs []*eventbus.Record) error {
	last := ""
	for _, rec := range recs {
		if rec.Topic == last {
			continue
		}
		last = rec.Topic
		if err := p.transport.ensure(p.client, rec.Topic); err != nil {
			return err
		}
	}
	return nil
}

// Close implements message.Publisher; it waits for what is being published.
func (p *publisher) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		p.client.Close()
	}
	return nil
}

func fill(errs []error, err error) []error {
	for i := range errs {
		errs[i] = err
	}
	return errs
}
