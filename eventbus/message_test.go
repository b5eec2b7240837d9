package eventbus_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

func TestNewMessage(t *testing.T) {
	msg, err := eventbus.NewMessage("orders", "Ordered", "k", order{ID: "1"})
	require.NoError(t, err)
	id, err := uuid.Parse(msg.ID)
	require.NoError(t, err)
	require.Equal(t, uuid.Version(7), id.Version())
	require.Equal(t, time.UTC, msg.Timestamp.Location())
	require.Equal(t, msg.Timestamp.Truncate(time.Millisecond), msg.Timestamp)
	require.JSONEq(t, `{"id":"1","total":0}`, string(msg.Payload))
}

func TestBadMessages(t *testing.T) {
	for name, test := range map[string]struct {
		topic, eventType string
		payload          any
		want             error
	}{
		"no topic":         {"", "Ordered", 1, eventbus.ErrNoTopic},
		"no event type":    {"orders", "", 1, eventbus.ErrNoEventType},
		"not JSON":         {"orders", "Ordered", json.RawMessage(`{`), eventbus.ErrPayloadNotJSON},
		"two JSON values":  {"orders", "Ordered", []byte(`1 2`), eventbus.ErrPayloadNotJSON},
		"not marshallable": {"orders", "Ordered", math.Inf(1), eventbus.ErrPayloadNotJSON},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := eventbus.NewMessage(test.topic, test.eventType, "k", test.payload)
			require.ErrorIs(t, err, test.want)
		})
	}
}

// TestPublishSaysWhich: of one Publish, the bad fail and are named, the good arrive.
func TestPublishSaysWhich(t *testing.T) {
	bus := membus.New(membus.Config{})
	producer, err := eventbus.NewProducer(bus, eventbus.ProducerConfig{MaxBytes: 300})
	require.NoError(t, err)
	good := &eventbus.Message{ID: "1", Topic: "orders", EventType: "Ordered", Payload: json.RawMessage(`1`)}
	noType := &eventbus.Message{ID: "2", Topic: "orders", Payload: json.RawMessage(`1`)}
	large := &eventbus.Message{ID: "3", Topic: "orders", EventType: "Ordered", Payload: make([]byte, 300)}
	for i := range large.Payload {
		large.Payload[i] = '1'
	}
	err = producer.Publish(t.Context(), good, noType, good, large)
	var failed *eventbus.PublishError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, 4, failed.Total)
	require.Len(t, failed.Failed, 2)
	require.Equal(t, 1, failed.Failed[0].Index)
	require.Same(t, noType, failed.Failed[0].Message)
	require.ErrorIs(t, failed.Failed[0].Err, eventbus.ErrNoEventType)
	require.Equal(t, 3, failed.Failed[1].Index)
	var tooLarge *eventbus.TooLargeError
	require.ErrorAs(t, err, &tooLarge)
	require.Equal(t, 300, tooLarge.Limit)
	require.ErrorIs(t, err, eventbus.ErrTooLarge)
	n := 0
	require.NoError(t, bus.Scan(t.Context(), "orders", "", func(*eventbus.Record) error { n++; return nil }))
	require.Equal(t, 2, n)

	require.NoError(t, producer.Close())
	require.NoError(t, producer.Close(), "twice")
	require.ErrorIs(t, producer.Publish(t.Context(), good), eventbus.ErrClosed)
}

// TestFlushEveryMessage: after a failure, later messages of the slice are not sent.
func TestFlushEveryMessage(t *testing.T) {
	bus := membus.New(membus.Config{})
	producer, err := eventbus.NewProducer(bus, eventbus.ProducerConfig{FlushEveryMessage: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	good := &eventbus.Message{Topic: "orders", EventType: "Ordered"}
	var failed *eventbus.PublishError
	require.ErrorAs(t, producer.Publish(t.Context(), good, &eventbus.Message{Topic: "orders"}, good), &failed)
	require.Len(t, failed.Failed, 2)
	n := 0
	require.NoError(t, bus.Scan(t.Context(), "orders", "", func(*eventbus.Record) error { n++; return nil }))
	require.Equal(t, 1, n)
}

func TestBadConsumers(t *testing.T) {
	bus := membus.New(membus.Config{})
	_, err := eventbus.NewConsumer(bus, eventbus.ConsumerConfig{})
	require.ErrorIs(t, err, eventbus.ErrNoGroup)
	factory := eventbus.NewFactory(bus, eventbus.FactoryConfig{})
	_, err = factory.Consumer("g", "carrier-pigeon")
	require.ErrorIs(t, err, eventbus.ErrUnknownClientType)
	require.ErrorContains(t, err, "carrier-pigeon")
	_, err = factory.Producer(eventbus.ClientExternal)
	require.ErrorIs(t, err, eventbus.ErrUnknownClientType, "it was given no serializer")

	consumer, err := factory.Consumer("g", eventbus.ClientDefault)
	require.NoError(t, err)
	require.ErrorIs(t, consumer.Register(eventbus.Registry{Callback: eventbus.NewMux()}), eventbus.ErrNoTopic)
	require.ErrorIs(t, consumer.Register(eventbus.Registry{Topic: "orders"}), eventbus.ErrNoCallback)
	twice := eventbus.Registry{Topic: "orders", Callback: eventbus.NewMux()}
	require.ErrorIs(t, consumer.Register(twice, twice), eventbus.ErrAlreadyRegistered)
	require.NoError(t, consumer.Close(context.Background()), "without start")
}

// TestUnreachable: a broker that is not there is an error with its address, soon.
func TestUnreachable(t *testing.T) {
	const nobody = "127.0.0.1:1"
	for name, transport := range map[string]eventbus.Transport{
		"kafkabus": kafkabus.New(kafkabus.Config{Brokers: []string{nobody}, ConnectTimeout: time.Second}),
		"franzbus": franzbus.New(franzbus.Config{Brokers: []string{nobody}, ConnectTimeout: time.Second}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{})
			require.ErrorIs(t, err, eventbus.ErrUnreachable)
			require.ErrorContains(t, err, nobody)
			consumer, err := eventbus.NewConsumer(transport, eventbus.ConsumerConfig{Group: "g", Logger: quiet()})
			if err == nil { // this one connects when a topic is registered
				err = consumer.Register(eventbus.Registry{Topic: "orders", Callback: eventbus.NewMux()})
				require.NoError(t, consumer.Close(context.Background()))
			}
			var unreachable *eventbus.UnreachableError
			require.ErrorAs(t, err, &unreachable)
			require.Contains(t, unreachable.Address, nobody)
			require.Positive(t, unreachable.After)
		})
	}
}

func TestPermanentAndUnavailable(t *testing.T) {
	cause := errors.New("no")
	require.NoError(t, eventbus.Permanent(nil))
	require.NoError(t, eventbus.Unavailable(nil))
	require.True(t, eventbus.IsPermanent(eventbus.Permanent(cause)))
	require.False(t, eventbus.IsPermanent(cause))
	require.ErrorIs(t, eventbus.Permanent(cause), cause)
	require.ErrorIs(t, eventbus.Unavailable(cause), cause)
}

// TestRepeatedHeaders: a Watermill message has one value per name, a record any number.
func TestRepeatedHeaders(t *testing.T) {
	rec := &eventbus.Record{Topic: "t", Partition: -1, Offset: -1, Headers: []eventbus.Header{
		{Key: "via", Value: "a"}, {Key: "via", Value: "\xff,b"}, {Key: "message_id", Value: "1"}, {Key: "via", Value: ""},
	}}
	msg := rec.Watermill(t.Context())
	require.Empty(t, msg.Metadata["via"], "the last counts")
	back := eventbus.RecordOf("t", msg)
	require.ElementsMatch(t, rec.Headers, back.Headers)
	var via []string
	for _, h := range back.Headers {
		if h.Key == "via" {
			via = append(via, h.Value)
		}
	}
	require.Equal(t, []string{"a", "\xff,b", ""}, via)
	msg.Metadata[eventbus.MetaRepeated] = "\xff" // not ours
	require.NotPanics(t, func() { eventbus.RecordOf("t", msg) })
}
