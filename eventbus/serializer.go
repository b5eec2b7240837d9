package eventbus

import (
	"encoding/json"
	"fmt"
	"time"
)

// ClientType names who is at the other end, and with that the form of a record.
type ClientType string

// The client types.
const (
	// ClientDefault speaks the bus's own JSON envelope; see JSONSerializer.
	ClientDefault ClientType = "default"
	// ClientExternal speaks CloudEvents 1.0; see package cloudevent.
	ClientExternal ClientType = "external"
)

// Serializer turns messages into records and back. It is safe for concurrent use.
type Serializer interface {
	// Marshal returns the record of a valid message.
	Marshal(msg *Message) (*Record, error)
	// Unmarshal returns the message of a record, or an error, which sends the
	// record to the dead-letter topic.
	Unmarshal(rec *Record) (*Message, error)
}

// Headers of the default form: they let a consumer skip a record undecoded.
const (
	headerEventType   = "event_type"
	headerID          = "message_id"
	headerTraceparent = "traceparent"
)

const timestampLayout = "2006-01-02T15:04:05.000Z07:00"

// JSONSerializer is the form of ClientDefault: the value is one JSON object
// {"id","event_type","payload","trace_id","timestamp"}, timestamp RFC 3339 UTC
// with milliseconds; the record's key is the message's; headers event_type,
// message_id, and traceparent when there is one.
type JSONSerializer struct{}

type envelope struct {
	ID        string            `json:"id"`
	EventType string            `json:"event_type"`
	Payload   json.RawMessage   `json:"payload"`
	TraceID   map[string]string `json:"trace_id"`
	Timestamp time.Time         `json:"timestamp"`
}

// Marshal implements Serializer.
func (JSONSerializer) Marshal(msg *Message) (*Record, error) {
	payload := msg.Payload
	if len(payload) == 0 {
		payload = json.RawMessage("null")
	}
	value, err := appendEnvelope(make([]byte, 0, len(payload)+224), msg, payload)
	if err != nil {
		return nil, fmt.Errorf("eventbus: marshal %s: %w", msg.EventType, err)
	}
	rec := &Record{
		Topic: msg.Topic, Value: value, Partition: -1, Offset: -1, Timestamp: msg.Timestamp,
		Headers: []Header{{headerEventType, msg.EventType}, {headerID, msg.ID}},
	}
	if msg.Key != "" {
		rec.Key = []byte(msg.Key)
	}
	if tp := msg.TraceID[headerTraceparent]; tp != "" {
		rec.Headers = append(rec.Headers, Header{headerTraceparent, tp})
	}
	return rec, nil
}

func appendEnvelope(b []byte, msg *Message, payload []byte) ([]byte, error) {
	b = append(b, `{"id":`...)
	b = appendString(b, msg.ID)
	b = append(b, `,"event_type":`...)
	b = appendString(b, msg.EventType)
	b = append(b, `,"payload":`...)
	b = append(b, payload...)
	b = append(b, `,"trace_id":`...)
	if len(msg.TraceID) == 0 {
		b = append(b, `{}`...)
	} else {
		trace, err := json.Marshal(msg.TraceID)
		if err != nil {
			return nil, err
		}
		b = append(b, trace...)
	}
	b = append(b, `,"timestamp":"`...)
	b = msg.Timestamp.UTC().AppendFormat(b, timestampLayout)
	return append(b, `"}`...), nil
}

// appendString quotes s as JSON; plain ASCII, the usual case, costs no allocation.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			quoted, err := json.Marshal(s)
			if err != nil { // cannot happen: a string always marshals
				return append(b, `""`...)
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// Unmarshal implements Serializer. It returns ErrUndecodable when the value is
// not the envelope or names no event type.
func (JSONSerializer) Unmarshal(rec *Record) (*Message, error) {
	var env envelope
	if err := json.Unmarshal(rec.Value, &env); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUndecodable, err)
	}
	if env.EventType == "" {
		return nil, fmt.Errorf("%w: no event_type", ErrUndecodable)
	}
	return &Message{
		ID:        env.ID,
		EventType: env.EventType,
		Topic:     rec.Topic,
		Key:       string(rec.Key),
		Payload:   env.Payload,
		TraceID:   env.TraceID,
		Timestamp: env.Timestamp.UTC(),
	}, nil
}
