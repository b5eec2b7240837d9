package eventbus

import (
	"context"
	"fmt"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Publisher is the port that use cases depend on; *Producer implements it.
//
// Publish returns nil when every message is durable at the broker. Otherwise it
// returns a *PublishError that says which are not; all others are.
type Publisher interface {
	Publish(ctx context.Context, msgs ...*Message) error
}

// Producer publishes messages. Messages of one key in one Publish, and in
// Publishes one after the other, keep their order. It is safe for concurrent use.
type Producer struct {
	cfg        ProducerConfig
	serializer Serializer
	out        RecordPublisher
	closeOut   func() error

	mu       sync.RWMutex // held for reading by every Publish
	closed   bool
	closeErr error
}

// NewProducer returns a producer on the transport. It returns
// ErrUnknownClientType, or the transport's error.
func NewProducer(transport Transport, cfg ProducerConfig) (*Producer, error) {
	cfg = cfg.WithDefaults()
	serializer, err := serializerOf(cfg.ClientType, cfg.Serializers)
	if err != nil {
		return nil, err
	}
	pub, err := transport.Publisher(cfg)
	if err != nil {
		return nil, fmt.Errorf("eventbus: new producer %s: %w", cfg.Tag, err)
	}
	return &Producer{cfg: cfg, serializer: serializer, out: recordPublisher(pub), closeOut: pub.Close}, nil
}

// Publish implements Publisher. Invalid messages (ErrNoTopic, ErrNoEventType,
// ErrPayloadNotJSON, ErrTooLarge) fail alone; after Close all fail with ErrClosed.
func (p *Producer) Publish(ctx context.Context, msgs ...*Message) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return ErrClosed
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.cfg.Timeout)
		defer cancel()
	}
	if !p.cfg.FlushEveryMessage {
		return publishError(msgs, p.publish(ctx, msgs))
	}
	errs := make([]error, len(msgs))
	for i, msg := range msgs {
		if one := p.publish(ctx, []*Message{msg}); one != nil && one[0] != nil {
			for j := i; j < len(msgs); j++ {
				errs[j] = one[0]
			}
			break
		}
	}
	return publishError(msgs, errs)
}

// publish returns nil or one error per message.
func (p *Producer) publish(ctx context.Context, msgs []*Message) []error {
	errs := make([]error, len(msgs))
	recs := make([]*Record, 0, len(msgs))
	index := make([]int, 0, len(msgs))
	ends := make([]func(error), 0, len(msgs))
	for i, msg := range msgs {
		traced := *msg // the caller's stays as it is
		_, end := p.cfg.Tracer.Publish(ctx, &traced)
		rec, err := p.record(&traced)
		if err != nil {
			end(err)
			errs[i] = err
			continue
		}
		recs, index, ends = append(recs, rec), append(index, i), append(ends, end)
	}
	sent := p.out.PublishRecords(ctx, recs)
	for j, i := range index {
		if sent != nil {
			errs[i] = sent[j]
		}
		ends[j](errs[i])
	}
	for i, msg := range msgs {
		p.cfg.Observer.Observe(Observation{Kind: Published, Topic: msg.Topic, EventType: msg.EventType, Err: errs[i]})
	}
	return errs
}

func (p *Producer) record(msg *Message) (*Record, error) {
	if err := msg.Validate(); err != nil {
		return nil, err
	}
	rec, err := p.serializer.Marshal(msg)
	if err != nil {
		return nil, err
	}
	if size := rec.Size(); size > p.cfg.MaxBytes {
		return nil, &TooLargeError{Topic: msg.Topic, Size: size, Limit: p.cfg.MaxBytes}
	}
	return rec, nil
}

// Close waits for the Publishes under way and closes the connection. Calling it
// again does nothing and returns the same.
func (p *Producer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return p.closeErr
	}
	p.closed = true
	p.closeErr = p.closeOut()
	return p.closeErr
}

func publishError(msgs []*Message, errs []error) error {
	var failed []PublishFailure
	for i, err := range errs {
		if err != nil {
			failed = append(failed, PublishFailure{Index: i, Message: msgs[i], Err: err})
		}
	}
	if failed == nil {
		return nil
	}
	return &PublishError{Failed: failed, Total: len(msgs)}
}

// recordPublisher returns what publishes records: the publisher itself when it
// can, else one Watermill Publish per record, which is the only way to know
// which of several failed.
func recordPublisher(pub message.Publisher) RecordPublisher {
	if rp, ok := pub.(RecordPublisher); ok {
		return rp
	}
	return oneByOne{pub}
}

type oneByOne struct{ pub message.Publisher }

func (o oneByOne) PublishRecords(ctx context.Context, recs []*Record) []error {
	errs := make([]error, len(recs))
	for i, rec := range recs {
		if err := ctx.Err(); err != nil {
			errs[i] = err
			continue
		}
		errs[i] = o.pub.Publish(rec.Topic, rec.Watermill(ctx))
	}
	return errs
}
