package eventbus

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/hexplane/hexplane/internal/jsonscan"
)

// Message is one event on its way through the bus.
//
// A message belongs to whoever made it until it is published, and to the
// callback until the callback returns; neither may change it afterwards.
type Message struct {
	// ID identifies the message for ever; NewMessage makes a UUIDv7.
	ID string
	// EventType says what happened; a Mux routes by it.
	EventType string
	// Topic is where the message is published to, or was read from.
	Topic string
	// Key orders: messages of one topic and one key are handled in the order
	// they were published. Any bytes are allowed. An empty key promises no order.
	Key string
	// Payload is one JSON value. Empty means null.
	Payload json.RawMessage
	// TraceID carries the W3C trace context: traceparent, tracestate, baggage.
	TraceID map[string]string
	// Timestamp is when it happened, in UTC, to the millisecond.
	Timestamp time.Time
}

// NewMessage returns a message of now with a new UUIDv7 id. The payload is
// marshaled to JSON; a json.RawMessage or a []byte is taken as JSON already.
// It returns ErrNoTopic, ErrNoEventType or ErrPayloadNotJSON.
func NewMessage(topic, eventType, key string, payload any) (*Message, error) {
	raw, err := rawPayload(payload)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("eventbus: new message id: %w", err)
	}
	msg := &Message{
		ID:        id.String(),
		EventType: eventType,
		Topic:     topic,
		Key:       key,
		Payload:   raw,
		Timestamp: time.Now().UTC().Truncate(time.Millisecond),
	}
	return msg, msg.Validate()
}

// Validate reports what keeps the message from being published: ErrNoTopic,
// ErrNoEventType or ErrPayloadNotJSON.
func (m *Message) Validate() error {
	switch {
	case m.Topic == "":
		return ErrNoTopic
	case m.EventType == "":
		return ErrNoEventType
	case len(m.Payload) > 0 && !jsonscan.Valid(m.Payload):
		return ErrPayloadNotJSON
	}
	return nil
}

func rawPayload(payload any) (json.RawMessage, error) {
	switch p := payload.(type) {
	case nil:
		return nil, nil
	case json.RawMessage:
		return p, nil
	case []byte:
		return p, nil
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayloadNotJSON, err)
	}
	return raw, nil
}
