package eventbus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/internal/jsonscan"
)

// Unmarshal implements Serializer. It returns ErrUndecodable when the value is
// not the envelope or names no event type. The payload is a part of the record's
// value, not a copy.
func (s JSONSerializer) Unmarshal(rec *Record) (*Message, error) {
	msg := new(Message)
	if err := s.fill(rec, msg); err != nil {
		return nil, err
	}
	return msg, nil
}

func (JSONSerializer) fill(rec *Record, msg *Message) error {
	msg.Topic, msg.Key = rec.Topic, string(rec.Key)
	if !decodeOwn(rec, msg) {
		if err := decodeEnvelope(rec, msg); err != nil {
			return fmt.Errorf("%w: %w", ErrUndecodable, err)
		}
	}
	if msg.EventType == "" {
		return fmt.Errorf("%w: no event_type", ErrUndecodable)
	}
	return nil
}

// decodeOwn decodes an envelope of the very bytes that Marshal makes of a message
// without a trace: only the payload needs to be looked into. It reports false, having
// set nothing, for any other, which may be just as good.
func decodeOwn(rec *Record, msg *Message) bool {
	id, eventType := rec.Header(headerID), rec.Header(headerEventType)
	rest, ok := cut(rec.Value, `{"id":"`, id, `","event_type":"`, eventType, `","payload":`)
	if !ok || !jsonscan.Plain(id) || !jsonscan.Plain(eventType) {
		return false
	}
	end, ok := jsonscan.Skip(rest, 0)
	if !ok {
		return false
	}
	payload := rest[:end:end]
	if rest, ok = cut(rest[end:], `,"trace_id":{},"timestamp":"`); !ok {
		return false
	}
	at, rest, ok := cutTimestamp(rest)
	if !ok || string(rest) != `"}` {
		return false
	}
	msg.ID, msg.EventType, msg.Payload, msg.Timestamp = id, eventType, payload, at
	return true
}

// cut removes the parts from the front of b.
func cut(b []byte, parts ...string) (rest []byte, ok bool) {
	for _, part := range parts {
		if len(b) < len(part) || string(b[:len(part)]) != part {
			return nil, false
		}
		b = b[len(part):]
	}
	return b, true
}

// decodeEnvelope splits the object into its members; unknown ones are ignored,
// of repeated ones the last counts.
func decodeEnvelope(rec *Record, msg *Message) error {
	b := rec.Value
	i := jsonscan.Space(b, 0)
	if i >= len(b) || b[i] != '{' {
		return fmt.Errorf("no object at byte %d", i)
	}
	if i = jsonscan.Space(b, i+1); i < len(b) && b[i] == '}' {
		return atEnd(b, i+1)
	}
	for {
		name, value, end, ok := member(b, i)
		if !ok {
			return fmt.Errorf("no JSON at byte %d", end)
		}
		if err := setMember(rec, msg, name, value); err != nil {
			return err
		}
		if i = jsonscan.Space(b, end); i >= len(b) {
			return fmt.Errorf("no JSON at byte %d", i)
		}
		switch b[i] {
		case '}':
			return atEnd(b, i+1)
		case ',':
			i = jsonscan.Space(b, i+1)
		default:
			return fmt.Errorf("no JSON at byte %d", i)
		}
	}
}

func atEnd(b []byte, i int) error {
	if i = jsonscan.Space(b, i); i < len(b) {
		return fmt.Errorf("more than one value, at byte %d", i)
	}
	return nil
}

// member reads a quoted name and its value; both are parts of b.
func member(b []byte, i int) (name, value []byte, end int, ok bool) {
	end, ok = jsonscan.String(b, i)
	if !ok {
		return nil, nil, end, false
	}
	name = b[i:end]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = unescape(name)
	}
	i = jsonscan.Space(b, end)
	if i >= len(b) || b[i] != ':' {
		return nil, nil, i, false
	}
	i = jsonscan.Space(b, i+1)
	end, ok = jsonscan.Skip(b, i)
	return name, b[i:end:end], end, ok
}

// unescape writes a quoted name as it would be without needless escapes.
func unescape(name []byte) []byte {
	if s, err := unquote(name); err == nil {
		return appendString(nil, s)
	}
	return name
}

func setMember(rec *Record, msg *Message, name, value []byte) (err error) {
	switch string(name) {
	case `"id"`:
		msg.ID, err = text(value, rec.Header(headerID))
	case `"event_type"`:
		msg.EventType, err = text(value, rec.Header(headerEventType))
	case `"payload"`:
		msg.Payload = value
	case `"trace_id"`:
		msg.TraceID = nil
		if string(value) != "{}" {
			err = json.Unmarshal(value, &msg.TraceID)
		}
	case `"timestamp"`:
		msg.Timestamp = time.Time{}
		err = msg.Timestamp.UnmarshalJSON(value)
		msg.Timestamp = msg.Timestamp.UTC()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// text decodes a string; a likely value, a header that says the same, saves the
// allocation.
func text(value []byte, likely string) (string, error) {
	if jsonscan.Plain(likely) && len(value) == len(likely)+2 && value[0] == '"' && string(value[1:len(value)-1]) == likely {
		return likely, nil
	}
	return unquote(value)
}

func unquote(value []byte) (s string, err error) {
	err = json.Unmarshal(value, &s)
	return s, err
}
