package eventbus

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// registration is one topic being consumed.
type registration struct {
	c        *Consumer
	topic    string
	callback Callback
	filter   eventFilter // nil when the callback wants every event type
	stop     func(context.Context) error
}

func (c *Consumer) start(registry Registry) (*registration, error) {
	reg := &registration{c: c, topic: registry.Topic, callback: registry.Callback}
	reg.filter, _ = registry.Callback.(eventFilter)
	var err error
	if rs, ok := c.sub.(RecordSubscriber); ok {
		reg.stop, err = rs.SubscribeRecords(context.Background(), registry.Topic, reg.handle)
	} else {
		reg.stop, err = c.route(registry.Topic, reg.handle)
	}
	return reg, err
}

// handle sees one record to its end: handled, ignored, or a dead letter. It
// returns an error only when none of these was reached before ctx ended.
func (r *registration) handle(ctx context.Context, rec *Record) error {
	start := time.Now()
	eventType := rec.Header(headerEventType)
	if r.ignores(eventType) {
		return nil
	}
	r.observe(Observation{Kind: Started, EventType: eventType})
	defer func() {
		r.observe(Observation{Kind: Finished, EventType: eventType, Duration: time.Since(start)})
	}()
	msg, err := r.c.serializer.Unmarshal(rec)
	if err != nil {
		return r.bury(ctx, rec, eventType, ReasonUndecodable, err, 0)
	}
	if msg.EventType != eventType && r.ignores(msg.EventType) {
		return nil
	}
	return r.attempt(ctx, rec, msg)
}

func (r *registration) ignores(eventType string) bool {
	if eventType == "" || r.filter == nil || r.filter.accepts(eventType) {
		return false
	}
	r.observe(Observation{Kind: Ignored, EventType: eventType})
	return true
}

func (r *registration) attempt(ctx context.Context, rec *Record, msg *Message) error {
	policy := r.c.cfg.Failure
	for n := 1; ; n++ {
		err := r.call(ctx, rec, msg, n)
		if err == nil {
			return nil
		}
		r.observe(Observation{Kind: Failed, EventType: msg.EventType, Err: err})
		switch {
		case ctx.Err() != nil: // the deadline of the drain cut the attempt short
			return context.Cause(ctx)
		case IsPermanent(err):
			return r.bury(ctx, rec, msg.EventType, ReasonPermanent, err, n)
		case n >= policy.Attempts:
			return r.bury(ctx, rec, msg.EventType, ReasonExhausted, err, n)
		}
		r.c.cfg.Logger.WarnContext(ctx, "eventbus: attempt failed", "topic", r.topic, "group", r.c.cfg.Group,
			"event_type", msg.EventType, "id", msg.ID, "attempt", n, "error", err)
		if err := sleep(ctx, policy.pause(n)); err != nil {
			return err
		}
	}
}

// call makes one attempt, with its span; a panic becomes an error.
func (r *registration) call(ctx context.Context, rec *Record, msg *Message, n int) (err error) {
	ctx = context.WithValue(ctx, deliveryKey{}, &Delivery{
		Group: r.c.cfg.Group, Topic: r.topic, Partition: rec.Partition, Offset: rec.Offset, Attempt: n,
	})
	ctx, end := r.c.cfg.Tracer.Handle(ctx, r.c.cfg.Group, msg)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanic, p)
			r.c.cfg.Logger.ErrorContext(ctx, "eventbus: callback panicked", "topic", r.topic,
				"event_type", msg.EventType, "id", msg.ID, "panic", p, "stack", string(debug.Stack()))
		}
		end(err)
	}()
	return r.callback.Notify(ctx, msg)
}

var errPanic = errors.New("eventbus: callback panicked")

// bury sends the record to the dead-letter topic.
func (r *registration) bury(ctx context.Context, rec *Record, eventType, reason string, cause error, attempts int) error {
	if err := r.c.publishUntilDone(ctx, deadLetter(rec, r.c.cfg.Group, reason, cause, attempts)); err != nil {
		return err
	}
	r.observe(Observation{Kind: DeadLettered, EventType: eventType, Reason: reason, Err: cause})
	r.c.cfg.Logger.ErrorContext(ctx, "eventbus: dead letter", "topic", r.topic, "group", r.c.cfg.Group,
		"event_type", eventType, "partition", rec.Partition, "offset", rec.Offset,
		"reason", reason, "attempts", attempts, "error", cause)
	return nil
}

func (r *registration) observe(o Observation) {
	o.Topic, o.Group = r.topic, r.c.cfg.Group
	r.c.cfg.Observer.Observe(o)
}
