package franzbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
)

type publisher struct {
	transport *Transport
	client    *kgo.Client
	lingers   bool // a slice waits for company

	mu      sync.RWMutex // held for reading while publishing
	closed  bool
	sending sync.WaitGroup // also of calls that did not wait for the end
}

// sliceLinger is the client's linger when a slice shall not wait. ProduceSync ends
// it as soon as the whole slice is buffered: the slice goes out in one request per
// broker, where a linger of 0 sends whatever is there when the sender gets to run.
const sliceLinger = time.Millisecond

func newPublisher(t *Transport, cfg eventbus.ProducerConfig) (*publisher, error) {
	opts := []kgo.Opt{
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerLinger(max(cfg.Linger, sliceLinger)),
		kgo.ProducerBatchMaxBytes(int32(max(1_000_012, cfg.MaxBytes+16<<10))),
		kgo.ProducerBatchCompression(codec(cfg.Compression)),
		kgo.UnknownTopicRetries(10),
		// What a dead broker never answers must fail some time, not wait for ever.
		kgo.RecordDeliveryTimeout(cfg.Timeout), kgo.AllowIdempotentProduceCancellation(),
	}
	client, err := t.client(cfg.Tag, opts...)
	if err != nil {
		return nil, err
	}
	return &publisher{transport: t, client: client, lingers: cfg.Linger > 0}, nil
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

// PublishRecords implements eventbus.RecordPublisher. ctx ends the wait, not what
// was sent already: a batch is shared with other calls.
func (p *publisher) PublishRecords(ctx context.Context, recs []*eventbus.Record) []error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return repeat(eventbus.ErrClosed, len(recs))
	}
	done := make(chan []error, 1)
	p.sending.Go(func() { done <- p.send(recs) })
	select {
	case errs := <-done:
		return errs
	case <-ctx.Done():
		return repeat(context.Cause(ctx), len(recs))
	}
}

// send publishes what has a topic to go to; it returns nil or one error per record.
func (p *publisher) send(recs []*eventbus.Record) []error {
	nowhere := p.transport.ensure(p.client, topicsOf(recs)...)
	out := toKafka(recs)
	sent := out
	if len(nowhere) > 0 {
		sent = slices.DeleteFunc(slices.Clone(out), func(rec *kgo.Record) bool { return nowhere[rec.Topic] != nil })
	}
	results := p.produce(sent)
	if len(nowhere) == 0 && results.FirstErr() == nil {
		return nil
	}
	errs := make([]error, len(out))
	for i, rec := range out {
		errs[i] = nowhere[rec.Topic]
	}
	for _, result := range results {
		errs[slices.Index(out, result.Record)] = typed(result.Err)
	}
	return errs
}

// topicsOf names a topic once for all the records of it that follow each other.
func topicsOf(recs []*eventbus.Record) []string {
	var topics []string
	for _, rec := range recs {
		if len(topics) == 0 || topics[len(topics)-1] != rec.Topic {
			topics = append(topics, rec.Topic)
		}
	}
	return topics
}

// produce enqueues a slice whole and waits once.
func (p *publisher) produce(recs []*kgo.Record) kgo.ProduceResults {
	if !p.lingers {
		return p.client.ProduceSync(context.Background(), recs...)
	}
	results := make(kgo.ProduceResults, 0, len(recs))
	var waiting sync.WaitGroup
	waiting.Add(len(recs))
	for _, rec := range recs {
		p.client.Produce(context.Background(), rec, func(rec *kgo.Record, err error) { // one at a time, says its contract
			results = append(results, kgo.ProduceResult{Record: rec, Err: err})
			waiting.Done()
		})
	}
	waiting.Wait()
	return results
}

// typed gives errors that callers tell apart the bus's own type.
func typed(err error) error {
	if errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge) {
		return fmt.Errorf("%w: %w", eventbus.ErrTooLarge, err)
	}
	return err
}

// Close implements message.Publisher; it waits for what is being published, and
// gives up what nobody waits for any more.
func (p *publisher) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		p.client.Close()
		p.sending.Wait()
	}
	return nil
}

func repeat(err error, n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
