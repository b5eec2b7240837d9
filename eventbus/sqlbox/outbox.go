package sqlbox

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/sqlrows"
)

// Outbox writes messages that a Relay publishes. The zero value is ready for use; it
// is safe for concurrent use.
type Outbox struct {
	// Tracer, when set, gives messages the trace context of the ctx they are added
	// with, as eventbus.ProducerConfig's does: the Relay, which publishes them, has
	// another. Without it, messages that have no trace context get that of the message
	// being handled, if ctx is that of a callback.
	Tracer eventbus.Tracer
}

// Add writes messages to the outbox, in the caller's transaction: Outbox.Add
// without a Tracer.
func Add(ctx context.Context, tx bun.IDB, msgs ...*eventbus.Message) error {
	return Outbox{}.Add(ctx, tx, msgs...)
}

// Add writes messages to the outbox, in the caller's transaction. It returns
// what Message.Validate does, having written nothing, or the database's error.
func (o Outbox) Add(ctx context.Context, tx bun.IDB, msgs ...*eventbus.Message) error {
	if len(msgs) == 0 {
		return nil
	}
	for i, msg := range msgs {
		if err := msg.Validate(); err != nil {
			return fmt.Errorf("sqlbox: message %d: %w", i, err)
		}
	}
	rows := make([]outboxRow, len(msgs))
	ends := make([]func(error), len(msgs))
	for i, msg := range msgs {
		rows[i] = outboxRow{
			ID: msg.ID, Topic: msg.Topic, Key: []byte(msg.Key), EventType: msg.EventType, Payload: msg.Payload,
			Timestamp: stored(msg.Timestamp),
		}
		rows[i].TraceID, ends[i] = o.trace(ctx, msg)
	}
	_, err := sqlrows.Insert(ctx, tx, rows, "")
	for _, end := range ends {
		end(err)
	}
	if err != nil {
		return fmt.Errorf("sqlbox: add to outbox: %w", err)
	}
	return nil
}

// trace returns the trace context to keep with the message, and what ends its span.
func (o Outbox) trace(ctx context.Context, msg *eventbus.Message) (map[string]string, func(error)) {
	switch {
	case o.Tracer != nil:
		traced := *msg
		_, end := o.Tracer.Publish(ctx, &traced)
		return traced.TraceID, end
	case len(msg.TraceID) == 0:
		return eventbus.TraceFrom(ctx), endNothing
	}
	return msg.TraceID, endNothing
}

func endNothing(error) {}
