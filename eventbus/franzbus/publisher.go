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
		kgo.ProducerBatchMaxBytes(int32(max(1_000_012, cfg.MaxBytes+16<<10))),
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
	if p.closed {
		return repeat(eventbus.ErrClosed, len(recs))
	}
	if err := p.ensure(recs); err != nil {
		return repeat(err, len(recs))
	}
	s := &sending{out: toKafka(recs)}
	s.waiting.Add(len(recs))
	done := s.done // one function for all records
	for i := range s.out {
		p.client.Produce(ctx, &s.out[i], done)
	}
	s.waiting.Wait() // once
	return s.errs
}

// sending is one slice on its way.
type sending struct {
	out     []kgo.Record
	waiting sync.WaitGroup

	mu   sync.Mutex
	errs []error // nil while nothing failed
}

func (s *sending) done(rec *kgo.Record, err error) {
	defer s.waiting.Done()
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.errs == nil {
		s.errs = make([]error, len(s.out))
	}
	for i := range s.out {
		if &s.out[i] == rec {
			s.errs[i] = err
		}
	}
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

func repeat(err error, n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
