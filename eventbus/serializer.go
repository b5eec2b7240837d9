package eventbus

import (
	"encoding/json"
	"fmt"

	"github.com/hexplane/hexplane/internal/jsonscan"
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

// JSONSerializer is the form of ClientDefault: the value is one JSON object
// {"id","event_type","payload","trace_id","timestamp"}, timestamp RFC 3339 UTC
// with milliseconds; the record's key is the message's; headers event_type,
// message_id, and traceparent when there is one.
type JSONSerializer struct{}

// Marshal implements Serializer.
func (s JSONSerializer) Marshal(msg *Message) (*Record, error) {
	var slab recordSlab
	slab.makeRoom([]*Message{msg})
	return s.marshalIn(&slab, msg)
}

func (JSONSerializer) marshalIn(slab *recordSlab, msg *Message) (*Record, error) {
	rec, err := slab.marshal(msg)
	if err != nil {
		return nil, fmt.Errorf("eventbus: marshal %s: %w", msg.EventType, err)
	}
	return rec, nil
}

func appendEnvelope(b []byte, msg *Message) ([]byte, error) {
	b = append(b, `{"id":`...)
	b = appendString(b, msg.ID)
	b = append(b, `,"event_type":`...)
	b = appendString(b, msg.EventType)
	b = append(b, `,"payload":`...)
	if len(msg.Payload) == 0 {
		b = append(b, "null"...)
	}
	b = append(b, msg.Payload...)
	b = append(b, `,"trace_id":`...)
	if len(msg.TraceID) == 0 {
		b = append(b, `{}`...)
	} else {
		trace, err := json.Marshal(msg.TraceID)
		if err != nil {
			return b, err
		}
		b = append(b, trace...)
	}
	b = append(b, `,"timestamp":"`...)
	b = appendTimestamp(b, msg.Timestamp)
	return append(b, `"}`...), nil
}

// appendString quotes s as JSON; plain ASCII, the usual case, costs no allocation.
func appendString(b []byte, s string) []byte {
	if !jsonscan.Plain(s) {
		quoted, err := json.Marshal(s)
		if err != nil { // cannot happen: a string always marshals
			return append(b, `""`...)
		}
		return append(b, quoted...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
