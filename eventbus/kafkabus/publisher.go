package kafkabus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

// publisher sends slices through sarama's synchronous producer; watermill-kafka's
// own publisher makes one request per message.
type publisher struct {
	transport *Transport
	producer  sarama.SyncProducer

	mu     sync.RWMutex // held for reading while publishing
	closed bool
}

func newPublisher(t *Transport, pc eventbus.ProducerConfig) (*publisher, error) {
	cfg, err := t.saramaConfig(pc.Tag)
	if err != nil {
		return nil, err
	}
	cfg.Producer.Return.Successes = true
	cfg.Producer.RequiredAcks = sarama.WaitForAll
	cfg.Producer.Idempotent = true
	cfg.Net.MaxOpenRequests = 1 // what idempotence, and with it order, needs
	cfg.Producer.Retry.Max = 60 // a new leader may take seconds
	cfg.Producer.Retry.Backoff = 200 * time.Millisecond
	cfg.Producer.Flush.Frequency = pc.Linger
	cfg.Producer.MaxMessageBytes = pc.MaxBytes + 64<<10
	cfg.Producer.Partitioner = newPartitioner
	if cfg.Producer.Compression, err = codec(pc.Compression); err != nil {
		return nil, err
	}
	if cfg, err = t.finish(cfg); err != nil {
		return nil, err
	}
	if err := t.reach(); err != nil {
		return nil, err
	}
	producer, err := sarama.NewSyncProducer(t.cfg.Brokers, cfg)
	if err != nil {
		return nil, err
	}
	return &publisher{transport: t, producer: producer}, nil
}

// reach fails soon, and with the address, when no broker answers.
func (t *Transport) reach() error {
	start := time.Now()
	client, err := t.client("eventbus-probe")
	if err != nil {
		if brokersGone(err) {
			return t.unreachable(start, err)
		}
		return err
	}
	return client.Close()
}

// Publish implements message.Publisher.
func (p *publisher) Publish(topic string, messages ...*message.Message) error {
	recs := make([]*eventbus.Record, len(messages))
	for i, msg := range messages {
		recs[i] = eventbus.RecordOf(topic, msg)
	}
	return errors.Join(p.PublishRecords(context.Background(), recs)...)
}

// PublishRecords implements eventbus.RecordPublisher. The records of one key
// are sent in order; ctx ends the wait, not what was sent already.
func (p *publisher) PublishRecords(ctx context.Context, recs []*eventbus.Record) []error {
	done := make(chan []error, 1)
	go func() { done <- p.send(recs) }()
	select {
	case errs := <-done:
		return errs
	case <-ctx.Done():
		return repeat(context.Cause(ctx), len(recs))
	}
}

func (p *publisher) send(recs []*eventbus.Record) []error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return repeat(eventbus.ErrClosed, len(recs))
	}
	errs := make([]error, len(recs))
	batch := make([]*sarama.ProducerMessage, 0, len(recs))
	for i, rec := range recs {
		if errs[i] = p.transport.ensure(rec.Topic); errs[i] == nil {
			msg := toSarama(rec)
			msg.Metadata = i
			batch = append(batch, msg)
		}
	}
	var failed sarama.ProducerErrors
	if err := p.producer.SendMessages(batch); errors.As(err, &failed) {
		for _, f := range failed {
			if i, ok := f.Msg.Metadata.(int); ok {
				errs[i] = typed(f.Err)
			}
		}
	}
	return errs
}

// typed gives errors that callers tell apart the bus's own type.
func typed(err error) error {
	if errors.Is(err, sarama.ErrMessageSizeTooLarge) {
		return fmt.Errorf("%w: %w", eventbus.ErrTooLarge, err)
	}
	return err
}

// Close implements message.Publisher; it waits for what is being published.
func (p *publisher) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	return p.producer.Close()
}

func repeat(err error, n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
