// Package cloudevent is the serializer of eventbus.ClientExternal: CloudEvents
// 1.0 in the Kafka protocol binding. It writes binary mode, and reads binary and
// structured mode.
//
//	eventbus.FactoryConfig{Serializers: map[eventbus.ClientType]eventbus.Serializer{
//		eventbus.ClientExternal: cloudevent.New("https://example.com/billing"),
//	}}
//
// A message's EventType, ID and Timestamp are the event's type, id and time; its
// key is the partitionkey extension and the record's key; its trace context is in
// the distributed-tracing extensions traceparent and tracestate, and in baggage.
// A time is optional in an event: one without has the Timestamp of its record, which
// is when it was published.
//
// See https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md.
package cloudevent

import (
	"encoding/json"
	"fmt"
	"mime"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"

	"github.com/hexplane/hexplane/eventbus"
)

const (
	prefix       = "ce_"
	contentType  = "content-type"
	jsonType     = "application/json"
	partitionKey = "partitionkey"
)

// traceAttributes are the extensions that hold the trace context.
var traceAttributes = []string{"traceparent", "tracestate", "baggage"}

// Serializer implements eventbus.Serializer. It is safe for concurrent use.
type Serializer struct{ source string }

// New returns a serializer that gives events this source, a URI reference that
// says who publishes.
func New(source string) *Serializer { return &Serializer{source: source} }

// Marshal implements eventbus.Serializer, in binary mode.
func (s *Serializer) Marshal(msg *eventbus.Message) (*eventbus.Record, error) {
	e, err := s.event(msg)
	if err != nil {
		return nil, err
	}
	rec := &eventbus.Record{
		Topic: msg.Topic, Value: msg.Payload, Partition: -1, Offset: -1, Timestamp: msg.Timestamp,
		Headers: []eventbus.Header{
			{Key: contentType, Value: jsonType},
			{Key: prefix + "specversion", Value: e.SpecVersion()},
			{Key: prefix + "id", Value: e.ID()},
			{Key: prefix + "source", Value: e.Source()},
			{Key: prefix + "type", Value: e.Type()},
		},
	}
	if !e.Time().IsZero() {
		rec.Headers = append(rec.Headers, eventbus.Header{Key: prefix + "time", Value: types.FormatTime(e.Time())})
	}
	if len(rec.Value) == 0 {
		rec.Value = []byte("null")
	}
	if msg.Key != "" {
		rec.Key = []byte(msg.Key)
	}
	for name, value := range e.Extensions() {
		text, err := types.Format(value)
		if err != nil {
			return nil, fmt.Errorf("cloudevent: extension %s: %w", name, err)
		}
		rec.Headers = append(rec.Headers, eventbus.Header{Key: prefix + name, Value: text})
	}
	return rec, nil
}

// event returns the message's attributes, checked by the CloudEvents SDK.
func (s *Serializer) event(msg *eventbus.Message) (*event.Event, error) {
	e := event.New(event.CloudEventsVersionV1)
	e.SetID(msg.ID)
	e.SetSource(s.source)
	e.SetType(msg.EventType)
	e.SetTime(msg.Timestamp)
	e.SetDataContentType(jsonType)
	if msg.Key != "" {
		e.SetExtension(partitionKey, strings.ToValidUTF8(msg.Key, "\uFFFD"))
	}
	for _, name := range traceAttributes {
		if value := msg.TraceID[name]; value != "" {
			e.SetExtension(name, value)
		}
	}
	if err := e.Validate(); err != nil {
		return nil, fmt.Errorf("cloudevent: %w", err)
	}
	return &e, nil
}

// Unmarshal implements eventbus.Serializer. It returns eventbus.ErrUndecodable
// for what is no CloudEvent 1.0 in either mode, or whose data is not JSON.
func (s *Serializer) Unmarshal(rec *eventbus.Record) (*eventbus.Message, error) {
	var e event.Event
	var err error
	mediaType, _, _ := mime.ParseMediaType(rec.Header(contentType))
	switch {
	case mediaType == event.ApplicationCloudEventsJSON:
		err = json.Unmarshal(rec.Value, &e)
	case strings.HasPrefix(mediaType, "application/cloudevents"):
		err = fmt.Errorf("content type %s", mediaType)
	default:
		e, err = binary(rec, mediaType)
	}
	if err == nil && e.SpecVersion() != event.CloudEventsVersionV1 { // structured may say anything
		err = fmt.Errorf("specversion %s", e.SpecVersion())
	}
	if err == nil {
		err = e.Validate()
	}
	if err == nil && len(e.Data()) > 0 && !json.Valid(e.Data()) {
		err = eventbus.ErrPayloadNotJSON
	}
	if err != nil {
		return nil, fmt.Errorf("%w: cloudevent: %w", eventbus.ErrUndecodable, err)
	}
	return message(rec, &e), nil
}

// binary reads the attributes from the headers.
func binary(rec *eventbus.Record, mediaType string) (event.Event, error) {
	version := rec.Header(prefix + "specversion")
	if version == "" {
		return event.Event{}, fmt.Errorf("neither a %sspecversion header nor content type %s",
			prefix, event.ApplicationCloudEventsJSON)
	}
	if version != event.CloudEventsVersionV1 {
		return event.Event{}, fmt.Errorf("specversion %s", version)
	}
	e := event.New(version)
	for _, h := range rec.Headers {
		name, ok := strings.CutPrefix(h.Key, prefix)
		if !ok || name == "specversion" {
			continue
		}
		if err := set(&e, name, h.Value); err != nil {
			return e, fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	if mediaType != "" {
		e.SetDataContentType(mediaType)
	}
	e.DataEncoded = rec.Value
	return e, nil
}

func set(e *event.Event, name, value string) error {
	switch name {
	case "id":
		return e.Context.SetID(value)
	case "source":
		return e.Context.SetSource(value)
	case "type":
		return e.Context.SetType(value)
	case "subject":
		return e.Context.SetSubject(value)
	case "dataschema":
		return e.Context.SetDataSchema(value)
	case "time":
		t, err := types.ParseTime(value)
		if err != nil {
			return err
		}
		return e.Context.SetTime(t)
	}
	return e.Context.SetExtension(name, value)
}

func message(rec *eventbus.Record, e *event.Event) *eventbus.Message {
	msg := &eventbus.Message{
		ID: e.ID(), EventType: e.Type(), Topic: rec.Topic, Key: string(rec.Key), Payload: e.Data(), Timestamp: e.Time().UTC(),
	}
	if msg.Timestamp.IsZero() {
		msg.Timestamp = rec.Timestamp.UTC().Truncate(time.Millisecond)
	}
	for _, name := range traceAttributes {
		value, ok := e.Extensions()[name]
		if !ok {
			continue
		}
		if text, err := types.Format(value); err == nil {
			if msg.TraceID == nil {
				msg.TraceID = make(map[string]string, len(traceAttributes))
			}
			msg.TraceID[name] = text
		}
	}
	return msg
}
