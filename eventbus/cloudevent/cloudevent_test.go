package cloudevent_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/cloudevent"
)

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestBinaryRoundTrip(t *testing.T) {
	sent := &eventbus.Message{
		ID: "0192", EventType: "device_event_connected", Topic: "hs-event-topic", Key: "device-1",
		Payload: []byte(`{"ip":"192.0.2.1"}`), TraceID: map[string]string{"traceparent": traceparent, "tracestate": "a=1"},
		Timestamp: time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC),
	}
	s := cloudevent.New("https://example.com/rsevents")
	rec, err := s.Marshal(sent)
	require.NoError(t, err)
	require.Equal(t, "device-1", string(rec.Key))
	require.Equal(t, string(sent.Payload), string(rec.Value))
	for name, want := range map[string]string{
		"content-type": "application/json", "ce_specversion": "1.0", "ce_id": "0192",
		"ce_source": "https://example.com/rsevents", "ce_type": "device_event_connected",
		"ce_time": "2026-03-01T12:00:00.123Z", "ce_partitionkey": "device-1", "ce_traceparent": traceparent,
	} {
		require.Equal(t, want, rec.Header(name), name)
	}
	got, err := s.Unmarshal(rec)
	require.NoError(t, err)
	require.Equal(t, sent, got)
}

func TestStructured(t *testing.T) {
	rec := &eventbus.Record{
		Topic: "hs-event-topic", Key: []byte("device-1"),
		Headers: []eventbus.Header{{Key: "content-type", Value: "application/cloudevents+json; charset=UTF-8"}},
		Value: []byte(`{"specversion":"1.0","id":"7","source":"/hs","type":"web_session_page",
			"time":"2026-03-01T12:00:00Z","partitionkey":"device-1","traceparent":"` + traceparent + `","data":{"url":"/"}}`),
	}
	got, err := cloudevent.New("/me").Unmarshal(rec)
	require.NoError(t, err)
	require.Equal(t, "7", got.ID)
	require.Equal(t, "web_session_page", got.EventType)
	require.Equal(t, "device-1", got.Key)
	require.JSONEq(t, `{"url":"/"}`, string(got.Payload))
	require.Equal(t, traceparent, got.TraceID["traceparent"])
}

// time is optional in a CloudEvent: the broker's timestamp stands in for it.
func TestWithoutTime(t *testing.T) {
	published := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	for mode, rec := range map[string]*eventbus.Record{
		"binary": {Value: []byte(`1`), Headers: []eventbus.Header{
			{Key: "ce_specversion", Value: "1.0"}, {Key: "ce_id", Value: "7"}, {Key: "ce_source", Value: "/hs"}, {Key: "ce_type", Value: "x"},
		}},
		"structured": {
			Headers: []eventbus.Header{{Key: "content-type", Value: "application/cloudevents+json"}},
			Value:   []byte(`{"specversion":"1.0","id":"7","source":"/hs","type":"x","data":1}`),
		},
	} {
		rec.Timestamp = published
		got, err := cloudevent.New("/me").Unmarshal(rec)
		require.NoError(t, err, mode)
		require.Equal(t, published.UTC().Truncate(time.Millisecond), got.Timestamp, mode)
		rec.Timestamp = time.Time{}
		got, err = cloudevent.New("/me").Unmarshal(rec)
		require.NoError(t, err, mode)
		require.Zero(t, got.Timestamp, mode)
	}
	rec, err := cloudevent.New("/me").Marshal(&eventbus.Message{ID: "7", EventType: "x", Topic: "topic"})
	require.NoError(t, err)
	require.Empty(t, rec.Header("ce_time"), "a message of no time is no event of the year 1")
}

func TestUndecodable(t *testing.T) {
	header := func(key, value string) eventbus.Header { return eventbus.Header{Key: key, Value: value} }
	binary := []eventbus.Header{
		header("ce_specversion", "1.0"), header("ce_id", "1"), header("ce_source", "/hs"), header("ce_type", "x"),
	}
	for name, rec := range map[string]*eventbus.Record{
		"nothing":         {},
		"no id":           {Headers: []eventbus.Header{binary[0], binary[2], binary[3]}, Value: []byte("{}")},
		"no type":         {Headers: binary[:3], Value: []byte("{}")},
		"data not JSON":   {Headers: binary, Value: []byte("{")},
		"bad time":        {Headers: append(binary[:4:4], header("ce_time", "yesterday")), Value: []byte("{}")},
		"unknown version": {Headers: append([]eventbus.Header{header("ce_specversion", "9")}, binary[1:]...), Value: []byte("{}")},
		"structured not JSON": {
			Headers: []eventbus.Header{header("content-type", "application/cloudevents+json")}, Value: []byte("{"),
		},
		"batch": {
			Headers: []eventbus.Header{header("content-type", "application/cloudevents-batch+json")}, Value: []byte("[]"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cloudevent.New("/me").Unmarshal(rec)
			require.ErrorIs(t, err, eventbus.ErrUndecodable)
		})
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add("application/cloudevents+json", "1.0", "1", []byte(`{"specversion":"1.0","id":"7","source":"/hs","type":"x","data_base64":"e30="}`))
	f.Add("application/json", "1.0", "1", []byte(`{}`))
	f.Add("", "0.3", "", []byte(``))
	s := cloudevent.New("/fuzz")
	f.Fuzz(func(t *testing.T, contentType, version, id string, value []byte) {
		msg, err := s.Unmarshal(&eventbus.Record{Topic: "t", Value: value, Headers: []eventbus.Header{
			{Key: "content-type", Value: contentType},
			{Key: "ce_specversion", Value: version},
			{Key: "ce_id", Value: id},
			{Key: "ce_source", Value: "/hs"},
			{Key: "ce_type", Value: "x"},
		}})
		if err != nil {
			require.ErrorIs(t, err, eventbus.ErrUndecodable)
			return
		}
		require.NoError(t, msg.Validate())
	})
}
