package eventbus

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Publisher is the port that use cases depend on; *Producer implements it.
//
// Publish returns nil when every message is durable at the broker. Otherwise it
// returns a *PublishError that says which failed; all others are. One that failed
// because ctx ended may have reached the broker nonetheless: publishing it again may
// repeat it.
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
	observed   bool // somebody observes
	traced     bool // somebody traces
	slabs      slabPool

	mu       sync.RWMutex // held for reading by every Publish
	closed   bool
	closeErr error
}

// NewProducer returns a producer on the transport. It returns
// ErrConfig, ErrUnknownClientType, or the transport's error.
func NewProducer(transport Transport, cfg ProducerConfig) (*Producer, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	serializer, err := serializerOf(cfg.ClientType, cfg.Serializers)
	if err != nil {
		return nil, err
	}
	pub, err := transport.Publisher(cfg)
	if err != nil {
		return nil, fmt.Errorf("eventbus: new producer %s: %w", cfg.Tag, err)
	}
	_, unobserved := cfg.Observer.(noObserver)
	_, untraced := cfg.Tracer.(passTrace)
	return &Producer{
		cfg: cfg, serializer: serializer, out: recordPublisher(pub), closeOut: pub.Close,
		observed: !unobserved, traced: !untraced,
	}, nil
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
	b := p.newBatch(ctx, msgs)
	sent := p.out.PublishRecords(ctx, b.recs)
	for j, i := range b.index {
		if sent != nil && sent[j] != nil {
			b.fail(i, sent[j])
		}
	}
	if b.ends != nil {
		for i, end := range b.ends {
			end(b.err(i))
		}
	}
	if p.observed {
		for i, msg := range msgs {
			tell(p.cfg.Observer, p.cfg.Logger, Observation{Kind: Published, Topic: msg.Topic, EventType: msg.EventType, Err: b.err(i)})
		}
	}
	if b.slab != nil && b.errs == nil { // with a failure, someone may look at it still
		p.slabs.put(b.slab)
	}
	return b.errs
}

// outgoing is what one Publish sends.
type outgoing struct {
	msgs  []*Message    // the caller's, or copies of ours that carry a trace
	recs  []*Record     // of the valid ones
	index []int         // of recs: which message
	errs  []error       // nil while nothing failed
	ends  []func(error) // of the spans; nil without a tracer
	slab  *recordSlab   // holds recs, when they are the envelope's
}

func (b *outgoing) fail(i int, err error) {
	if b.errs == nil {
		b.errs = make([]error, len(b.msgs))
	}
	b.errs[i] = err
}

func (b *outgoing) err(i int) error {
	if b.errs == nil {
		return nil
	}
	return b.errs[i]
}

// slabMarshaler is a serializer that can marshal into memory that is used again.
type slabMarshaler interface {
	marshalIn(slab *recordSlab, msg *Message) (*Record, error)
}

func (p *Producer) newBatch(ctx context.Context, msgs []*Message) *outgoing {
	b := &outgoing{msgs: msgs, recs: make([]*Record, 0, len(msgs)), index: make([]int, 0, len(msgs))}
	p.trace(ctx, b)
	marshal := p.serializer.Marshal
	if s, ok := p.serializer.(slabMarshaler); ok {
		b.slab = p.slabs.get(b.msgs)
		marshal = func(msg *Message) (*Record, error) { return s.marshalIn(b.slab, msg) }
	}
	for i, msg := range b.msgs {
		rec, err := p.record(msg, marshal)
		if err != nil {
			b.fail(i, err)
			continue
		}
		b.recs, b.index = append(b.recs, rec), append(b.index, i)
	}
	return b
}

// trace gives messages their trace context: the tracer's, or, where they have
// none, that of the message being handled. The caller's messages stay as they are.
func (p *Producer) trace(ctx context.Context, b *outgoing) {
	inherited := TraceFrom(ctx)
	if !p.traced && inherited == nil {
		return
	}
	copies := make([]Message, len(b.msgs))
	traced := make([]*Message, len(b.msgs))
	for i, msg := range b.msgs {
		copies[i] = *msg
		traced[i] = &copies[i]
		if p.traced {
			_, end := p.cfg.Tracer.Publish(ctx, traced[i])
			b.ends = append(b.ends, end)
		} else if len(msg.TraceID) == 0 {
			copies[i].TraceID = inherited
		}
	}
	b.msgs = traced
}

func (p *Producer) record(msg *Message, marshal func(*Message) (*Record, error)) (*Record, error) {
	if err := msg.Validate(); err != nil {
		return nil, err
	}
	rec, err := marshal(msg)
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
		msg := rec.Watermill(ctx)
		msg.Payload = bytes.Clone(msg.Payload) // a publisher may keep it
		errs[i] = o.pub.Publish(rec.Topic, msg)
	}
	return errs
}
