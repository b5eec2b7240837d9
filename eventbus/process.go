package eventbus

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

var (
	errPanic = errors.New("eventbus: callback panicked")
	// errPutOff is what is left of a message that is in a retry topic now.
	errPutOff = errors.New("eventbus: put off to a retry topic")
)

// process decodes a record and makes its attempts.
func (r *registration) process(ctx context.Context, rec *Record, v *visit, eventType string) error {
	msg, first, undecodable := r.decode(v.rec)
	if undecodable == nil {
		if msg.EventType != eventType && r.ignores(msg.EventType) {
			return nil
		}
		eventType = msg.EventType
	}
	var start time.Time
	if r.c.observed {
		start = time.Now()
		r.observe(Observation{Kind: Started, EventType: eventType})
	}
	var err error
	if undecodable != nil {
		err = r.bury(ctx, v, eventType, ReasonUndecodable, undecodable)
	} else {
		err = r.attempt(ctx, rec, v, msg, first)
	}
	if r.c.observed {
		r.observe(Observation{Kind: Finished, EventType: eventType, Duration: time.Since(start), Err: err})
	}
	if err == errPutOff { //nolint:errorlint // never wrapped
		return nil
	}
	return err
}

// arrival is a message with the context of its first attempt: one piece of memory.
type arrival struct {
	msg   Message
	first handling
}

// filler is a serializer that can fill an empty message where it is.
type filler interface {
	fill(rec *Record, msg *Message) error
}

// decode returns a record's message and what its first attempt's context is going to
// be. It takes a serializer's panic for what it says of the record.
func (r *registration) decode(rec *Record) (msg *Message, first *handling, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: serializer panicked: %v", ErrUndecodable, p)
		}
	}()
	if s, ok := r.c.serializer.(filler); ok {
		a := new(arrival)
		return &a.msg, &a.first, s.fill(rec, &a.msg)
	}
	msg, err = r.c.serializer.Unmarshal(rec)
	return msg, new(handling), err
}

// attempt calls the callback as often as the policy has it, here and now.
func (r *registration) attempt(ctx context.Context, rec *Record, v *visit, msg *Message, as *handling) error {
	policy := &r.c.cfg.Failure
	for ; ; as = new(handling) {
		err := r.call(ctx, v, msg, as)
		changed := r.noticeOutage(ctx, v.probe, err)
		if err == nil {
			return nil
		}
		r.observe(Observation{Kind: Failed, EventType: msg.EventType, Err: err})
		switch {
		case ctx.Err() != nil: // the deadline of the drain cut the attempt short
			return context.Cause(ctx)
		case IsPermanent(err):
			v.attempts++
			return r.bury(ctx, v, msg.EventType, ReasonPermanent, err)
		case changed == wentOut || r.gate.isOut():
			return r.heldUp(ctx, rec, v, msg, err)
		}
		v.attempts++
		if v.attempts >= policy.Attempts {
			return r.retryLater(ctx, rec, v, msg, err)
		}
		r.c.cfg.Logger.WarnContext(ctx, "eventbus: attempt failed", "topic", r.topic, "group", r.c.cfg.Group,
			"event_type", msg.EventType, "id", msg.ID, "attempt", v.attempts, "error", err)
		if err := sleep(ctx, policy.pause(v.attempts)); err != nil {
			return err
		}
	}
}

// heldUp decides what follows a failure while the downstream is out. It is not the
// message's fault, unless it was the probe and the callback does not say that the
// downstream is out: that may be why every probe fails.
func (r *registration) heldUp(ctx context.Context, rec *Record, v *visit, msg *Message, cause error) error {
	if v.probe && !isUnavailable(cause) {
		if v.attempts++; v.attempts >= r.c.cfg.Failure.Attempts {
			return r.retryLater(ctx, rec, v, msg, cause)
		}
	}
	v.hold(rec, time.Time{})
	return r.gate.enterLater()
}

// retryLater decides what follows the immediate attempts.
func (r *registration) retryLater(ctx context.Context, rec *Record, v *visit, msg *Message, cause error) error {
	policy := r.c.cfg.Failure
	if v.attempts >= policy.attempts() {
		return r.bury(ctx, v, msg.EventType, ReasonExhausted, cause)
	}
	r.c.cfg.Logger.WarnContext(ctx, "eventbus: message waits for a retry", "topic", r.topic, "group", r.c.cfg.Group,
		"event_type", msg.EventType, "id", msg.ID, "attempt", v.attempts, "error", cause)
	delay := policy.Delays[min(v.attempts-policy.Attempts, len(policy.Delays)-1)]
	if v.tier < len(policy.Delays) {
		if err := r.putOff(ctx, rec, v, v.tier+1, time.Now().Add(policy.Delays[v.tier])); err != nil {
			return err
		}
		return errPutOff
	}
	at := time.Now().Add(delay)
	v.hold(rec, at)
	return &LaterError{At: at}
}

// putOff sends the message to the retry topic of that tier. One that is too large
// for it waits in place.
func (r *registration) putOff(ctx context.Context, rec *Record, v *visit, tier int, at time.Time) error {
	err := r.c.publishUntilDone(ctx, v.retryRecord(r.c.cfg.Group, tier, at))
	switch {
	case errors.Is(err, ErrTooLarge) && at.IsZero(): // behind others of its key, until they are done
		return later(parkingRefresh)
	case errors.Is(err, ErrTooLarge):
		v.hold(rec, at)
		return &LaterError{At: at}
	case err != nil:
		return err
	}
	if r.parking != nil {
		r.parking.add(v.rec.Key, tier)
	}
	r.observe(Observation{Kind: Retried, EventType: v.rec.Header(headerEventType)})
	return nil
}

// bury sends the message to the dead-letter topic.
func (r *registration) bury(ctx context.Context, v *visit, eventType, reason string, cause error) error {
	dead := deadLetter(v, r.c.cfg.Group, reason, cause)
	err := r.c.publishUntilDone(ctx, dead)
	if errors.Is(err, ErrTooLarge) {
		err = r.c.publishUntilDone(ctx, withoutValue(dead))
	}
	if err != nil {
		return err
	}
	r.observe(Observation{Kind: DeadLettered, EventType: eventType, Reason: reason, Err: cause})
	r.c.cfg.Logger.ErrorContext(ctx, "eventbus: dead letter", "topic", r.topic, "group", r.c.cfg.Group,
		"event_type", eventType, "partition", v.partition, "offset", v.offset,
		"reason", reason, "attempts", v.attempts, "error", cause)
	return nil
}

// call makes one attempt, with its span; a panic becomes an error.
func (r *registration) call(ctx context.Context, v *visit, msg *Message, as *handling) (err error) {
	*as = handling{ctx, r, msg.TraceID, v.offset, v.partition, int32(v.attempts) + 1}
	ctx, end := r.c.cfg.Tracer.Handle(as, r.c.cfg.Group, msg)
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

// noticeOutage tells the gate, and the world, what an attempt says of the downstream.
func (r *registration) noticeOutage(ctx context.Context, probe bool, err error) change {
	changed := r.gate.leave(probe, err)
	switch changed {
	case wentOut:
		r.observe(Observation{Kind: Paused, Err: err})
		r.c.cfg.Logger.WarnContext(ctx, "eventbus: downstream is out, topic paused",
			"topic", r.topic, "group", r.c.cfg.Group, "error", err)
	case cameBack:
		r.observe(Observation{Kind: Resumed})
		r.c.cfg.Logger.InfoContext(ctx, "eventbus: downstream is back, topic goes on",
			"topic", r.topic, "group", r.c.cfg.Group)
	case unchanged:
	}
	return changed
}
