package eventbus_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// TestEnvelope pins the form on the wire.
func TestEnvelope(t *testing.T) {
	rec, err := eventbus.JSONSerializer{}.Marshal(&eventbus.Message{
		ID: "0192", EventType: "Ordered", Topic: "orders", Key: "k", Payload: json.RawMessage(`{"id":"1"}`),
		TraceID: map[string]string{"traceparent": "00-a-b-01"}, Timestamp: time.Date(2026, 3, 1, 13, 0, 0, 5e6, time.FixedZone("", 3600)),
	})
	require.NoError(t, err)
	require.Equal(t, "orders", rec.Topic)
	require.Equal(t, "k", string(rec.Key))
	//nolint:testifylint // the exact bytes are the contract
	require.Equal(t, `{"id":"0192","event_type":"Ordered","payload":{"id":"1"},"trace_id":{"traceparent":"00-a-b-01"},`+
		`"timestamp":"2026-03-01T12:00:00.005Z"}`, string(rec.Value))
	require.Equal(t, []eventbus.Header{
		{Key: "event_type", Value: "Ordered"}, {Key: "message_id", Value: "0192"}, {Key: "traceparent", Value: "00-a-b-01"},
	}, rec.Headers)
}

// TestEnvelopeBothWays: the short way to decode our own form gives what the long
// one gives, which records without headers take.
func TestEnvelopeBothWays(t *testing.T) {
	for _, payload := range []string{`{"id":"1"}`, `null`, `"}"`, ``} {
		rec, err := eventbus.JSONSerializer{}.Marshal(&eventbus.Message{
			ID: "0192", EventType: "Ordered", Topic: "orders", Key: "k", Payload: json.RawMessage(payload),
			Timestamp: time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.UTC),
		})
		require.NoError(t, err)
		with, err := eventbus.JSONSerializer{}.Unmarshal(rec)
		require.NoError(t, err)
		rec.Headers = nil
		without, err := eventbus.JSONSerializer{}.Unmarshal(rec)
		require.NoError(t, err)
		require.Equal(t, without, with)
		rec.Value = append(rec.Value, 'x')
		_, err = eventbus.JSONSerializer{}.Unmarshal(rec)
		require.ErrorIs(t, err, eventbus.ErrUndecodable)
	}
}

// TestEnvelopeTimestamps: the short way takes no time that the long one does not.
func TestEnvelopeTimestamps(t *testing.T) {
	for _, at := range []string{
		"2026-03-01T12:00:00.005Z", "2024-02-29T23:59:59.999Z", "2026-02-29T00:00:00.000Z", "2026-04-31T00:00:00.000Z",
		"2026-12-31T00:00:00.000Z", "2026-00-01T00:00:00.000Z", "2026-13-01T00:00:00.000Z", "2026-01-00T00:00:00.000Z",
		"2026-01-32T00:00:00.000Z", "2026-01-01T24:00:00.000Z", "2026-01-01T00:60:00.000Z", "2026-01-01T00:00:60.000Z",
		"0000-01-01T00:00:00.000Z", "9999-01-01T00:00:00.000Z", "2026-01-01T00:00:00.00xZ", "2026-01-01T00:00:00,000Z",
		"2026-01-01t00:00:00.000Z", "2026-01-01T00:00:00.000z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000+01:00",
		"x026-01-01T00:00:00.000Z", "2026-1x-01T00:00:00.000Z", "/026-01-01T00:00:00.000Z", "2026-01-01T0::00:00.000Z",
	} {
		rec := &eventbus.Record{Value: []byte(`{"id":"1","event_type":"x","payload":1,"trace_id":{},"timestamp":"` + at + `"}`)}
		want, wantErr := eventbus.JSONSerializer{}.Unmarshal(rec)
		rec.Headers = []eventbus.Header{{Key: "event_type", Value: "x"}, {Key: "message_id", Value: "1"}}
		got, err := eventbus.JSONSerializer{}.Unmarshal(rec)
		require.Equal(t, wantErr, err, at)
		require.Equal(t, want, got, at)
	}
}

// TestEnvelopeIsTolerant: others' JSON need not look like ours.
func TestEnvelopeIsTolerant(t *testing.T) {
	msg, err := eventbus.JSONSerializer{}.Unmarshal(&eventbus.Record{Topic: "orders", Key: []byte("k"), Value: []byte(`
		{"future": [1, {"x": null}], "timestamp" : "2026-03-01T14:00:00+02:00", "payload": [1, 2],
		 "event_type": "Ord\u0065red", "trace_id": null, "id": "\"1\""}
	`)})
	require.NoError(t, err)
	require.Equal(t, &eventbus.Message{
		ID: `"1"`, EventType: "Ordered", Topic: "orders", Key: "k", Payload: json.RawMessage(`[1, 2]`),
		Timestamp: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}, msg)
}

func TestUndecodable(t *testing.T) {
	for _, value := range []string{
		``, `null`, `[]`, `"x"`, `{}`, `{"event_type":""}`, `{"event_type":1}`, `{"event_type":"x"`, `{"event_type":"x"} {}`,
		`{"event_type":"x","payload":}`, `{"event_type":"x","payload":01}`, `{"event_type":"x","timestamp":"yesterday"}`,
		`{"event_type":"x","timestamp":5}`, `{"event_type":"x","trace_id":["a"]}`, `{"event_type":"x",}`, `{event_type:"x"}`,
	} {
		_, err := eventbus.JSONSerializer{}.Unmarshal(&eventbus.Record{Value: []byte(value)})
		require.ErrorIs(t, err, eventbus.ErrUndecodable, value)
	}
}

// FuzzEnvelope: what can be decoded is what encoding/json makes of it, whatever the
// headers say, and survives a round trip.
func FuzzEnvelope(f *testing.F) {
	f.Add([]byte(`{"id":"1","event_type":"Ordered","payload":{},"trace_id":{"a":"b"},"timestamp":"2026-03-01T12:00:00.005Z"}`), "Ordered")
	f.Add([]byte(`{"id":"1","event_type":"Ordered","payload":"}","trace_id":{},"timestamp":"2026-03-01T12:00:00.005Z"}`), "1")
	f.Add([]byte(`{"event_type":"\u0041\\","payload":"\ud800"}`), `A\`)
	f.Add([]byte("{\"id\":\"\xff\",\"event_type\":\"\xff\"}"), "\xff")
	f.Add([]byte(`{"id":null,"id":"2","event_type":"x","timestamp":null,"trace_id":{}}`), "2")
	f.Add([]byte(`{"event_type":"x","timestamp":"2026-03-01T12:00:00+24:00"}`), "")
	f.Fuzz(func(t *testing.T, value []byte, header string) {
		rec := &eventbus.Record{Topic: "t", Value: value, Headers: []eventbus.Header{
			{Key: "event_type", Value: header}, {Key: "message_id", Value: header},
		}}
		msg, err := eventbus.JSONSerializer{}.Unmarshal(rec)
		want, wantErr := envelopeByJSON(value)
		require.Equal(t, wantErr == nil && want.EventType != "", err == nil, "%v, %v", wantErr, err)
		if err != nil {
			require.ErrorIs(t, err, eventbus.ErrUndecodable)
			return
		}
		want.Topic = "t"
		if len(msg.TraceID) == 0 {
			msg.TraceID = nil
		}
		require.Equal(t, want, msg)
		require.NoError(t, msg.Validate())
		again, err := eventbus.JSONSerializer{}.Marshal(msg)
		require.NoError(t, err)
		back, err := eventbus.JSONSerializer{}.Unmarshal(again)
		require.NoError(t, err)
		require.Equal(t, msg.EventType, back.EventType)
		require.Equal(t, msg.ID, back.ID)
	})
}

// envelopeByJSON decodes with encoding/json, member by member, because that would
// take names in any case.
func envelopeByJSON(value []byte) (*eventbus.Message, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(value, &members); err != nil {
		return nil, err
	}
	msg := &eventbus.Message{Payload: members["payload"]}
	for name, into := range map[string]any{
		"id": &msg.ID, "event_type": &msg.EventType, "trace_id": &msg.TraceID, "timestamp": &msg.Timestamp,
	} {
		if raw, there := members[name]; there {
			if err := json.Unmarshal(raw, into); err != nil {
				return nil, err
			}
		}
	}
	if len(msg.TraceID) == 0 {
		msg.TraceID = nil
	}
	msg.Timestamp = msg.Timestamp.UTC()
	return msg, nil
}
