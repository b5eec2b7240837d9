package eventbustest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

var errTest = errors.New("the test says no")

// testRedelivery: a failed message comes again, and later ones of its key wait.
func testRedelivery(t *testing.T, h Harness) {
	f := newFixture(t, h)
	var rec recorder
	var failures atomic.Int32
	f.register(f.consumer(), func(ctx context.Context, msg *eventbus.Message) error {
		if string(msg.Payload) == "1" && failures.Add(1) <= 2 {
			return errTest
		}
		return rec.Notify(ctx, msg)
	})
	f.publish(f.producer(), f.message("k", 0), f.message("k", 1), f.message("k", 2))
	f.eventually("all messages arrive", rec.seen(3))
	require.Equal(t, upTo(3), rec.numbers()["k"])
	require.Equal(t, int32(3), failures.Load())
}

// dead is one dead letter as a consumer of its topic sees it.
type dead struct {
	rec *eventbus.Record
}

// deadLetters consumes the group's dead-letter topic of f.topic as raw records.
func (f *fixture) deadLetters() <-chan dead {
	found := make(chan dead, 16)
	raw := rawSerializer{found}
	consumer, err := eventbus.NewConsumer(f.h.Transport(f.t), eventbus.ConsumerConfig{
		Group: f.group + "-reader", ClientType: "raw",
		Serializers: map[eventbus.ClientType]eventbus.Serializer{"raw": raw},
	})
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = consumer.Close(f.context()) })
	require.NoError(f.t, consumer.Register(eventbus.Registry{
		Topic:    eventbus.DeadLetterTopic(f.topic, f.group),
		Callback: eventbus.CallbackFunc(func(context.Context, *eventbus.Message) error { return nil }),
	}))
	return found
}

func (f *fixture) oneDeadLetter(found <-chan dead) *eventbus.Record {
	f.t.Helper()
	select {
	case d := <-found:
		return d.rec
	case <-f.context().Done():
		require.Fail(f.t, "no dead letter came")
		return nil
	}
}

// rawSerializer shows records before anything is decoded.
type rawSerializer struct{ found chan<- dead }

func (rawSerializer) Marshal(msg *eventbus.Message) (*eventbus.Record, error) {
	return &eventbus.Record{
		Topic: msg.Topic, Key: []byte(msg.Key), Value: msg.Payload, Partition: -1, Offset: -1,
		Headers: []eventbus.Header{{Key: "color", Value: "red"}, {Key: "color", Value: "blue"}},
	}, nil
}

func (s rawSerializer) Unmarshal(rec *eventbus.Record) (*eventbus.Message, error) {
	if s.found != nil {
		s.found <- dead{rec}
	}
	return &eventbus.Message{Topic: rec.Topic, EventType: "raw"}, nil
}

// testDeadLetter: when attempts are exhausted, or at once when the error is
// permanent, the message is a dead letter, unchanged, with the reason.
func testDeadLetter(t *testing.T, h Harness) {
	for _, test := range []struct {
		reason   string
		err      error
		attempts string
	}{
		{eventbus.ReasonExhausted, errTest, "3"},
		{eventbus.ReasonPermanent, fmt.Errorf("wrapped: %w", eventbus.Permanent(errTest)), "1"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, h)
			var rec recorder
			f.register(f.consumer(), func(ctx context.Context, msg *eventbus.Message) error {
				if string(msg.Payload) == "0" {
					return test.err
				}
				return rec.Notify(ctx, msg)
			})
			sent := f.message("k", 0)
			f.publish(f.producer(), sent, f.message("k", 1))
			f.eventually("the next message is handled", rec.seen(1))
			letter := f.oneDeadLetter(f.deadLetters())
			require.Equal(t, "k", string(letter.Key))
			require.Equal(t, test.reason, letter.Header("dlq_reason"))
			require.Equal(t, test.attempts, letter.Header("dlq_attempts"))
			require.Equal(t, f.topic, letter.Header("dlq_topic"))
			require.Equal(t, "0", letter.Header("dlq_offset"))
			require.NotEmpty(t, letter.Header("dlq_partition"))
			require.NotEmpty(t, letter.Header("dlq_time"))
			require.Contains(t, letter.Header("dlq_error"), errTest.Error())
			require.Equal(t, "Tested", letter.Header("event_type"))
			again, err := eventbus.JSONSerializer{}.Unmarshal(letter)
			require.NoError(t, err)
			require.Equal(t, sent.ID, again.ID)
		})
	}
}

// testLargeDeadLetter: a message that is as large as the broker takes, and with a
// retry's or a dead letter's headers larger, holds nothing up for ever.
func testLargeDeadLetter(t *testing.T, h Harness) {
	const limit = 1_030_000 // bytes: what brokers take by default, less a batch's overhead
	f := newFixture(t, h)
	var rec recorder
	var attempts atomic.Int32
	f.register(f.consumer(delays()), func(ctx context.Context, msg *eventbus.Message) error {
		if len(msg.Payload) > 100 {
			attempts.Add(1)
			return errTest
		}
		return rec.Notify(ctx, msg)
	})
	producer, err := eventbus.NewProducer(h.Transport(t), eventbus.ProducerConfig{MaxBytes: limit, Logger: quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, producer.Close()) })
	large := f.message("k", json.RawMessage(`""`))
	small, err := eventbus.JSONSerializer{}.Marshal(large)
	require.NoError(t, err)
	large.Payload = json.RawMessage(`"` + strings.Repeat("x", limit-small.Size()) + `"`)
	f.publish(producer, large, f.message("k", 1))
	f.eventually("the message behind is handled", rec.seen(1))
	require.Equal(t, int32(4), attempts.Load(), "those at once, and one per delay")
	letter := f.oneDeadLetter(f.deadLetters())
	require.Empty(t, letter.Value)
	require.Equal(t, "k", string(letter.Key))
	require.Equal(t, eventbus.ReasonExhausted, letter.Header("dlq_reason"))
	require.Equal(t, "0", letter.Header("dlq_offset"))
	require.Equal(t, strconv.Itoa(limit-besideValue(small)), letter.Header("dlq_omitted"))
}

// besideValue is the size of a record without its value.
func besideValue(rec *eventbus.Record) int { return rec.Size() - len(rec.Value) }

// testUndecodable: what is no message is a dead letter, byte for byte, and
// blocks nothing.
func testUndecodable(t *testing.T, h Harness) {
	f := newFixture(t, h)
	raw, err := eventbus.NewProducer(h.Transport(t), eventbus.ProducerConfig{
		ClientType: "raw", Serializers: map[eventbus.ClientType]eventbus.Serializer{"raw": rawSerializer{}},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = raw.Close() })
	f.publish(raw, f.message("k", []byte(`"not an envelope"`)))
	f.publish(f.producer(), f.message("k", 0))

	var rec recorder
	f.register(f.consumer(), rec.Notify)
	f.eventually("the message behind is handled", rec.seen(1))
	letter := f.oneDeadLetter(f.deadLetters())
	require.Equal(t, `"not an envelope"`, string(letter.Value))
	var colors []string
	for _, h := range letter.Headers {
		if h.Key == "color" {
			colors = append(colors, h.Value)
		}
	}
	require.Equal(t, []string{"red", "blue"}, colors, "headers of one name")
	require.Equal(t, eventbus.ReasonUndecodable, letter.Header("dlq_reason"))
}

// testPanic: a panic is a failed attempt.
func testPanic(t *testing.T, h Harness) {
	f := newFixture(t, h)
	var rec recorder
	var calls atomic.Int32
	f.register(f.consumer(), func(ctx context.Context, msg *eventbus.Message) error {
		if calls.Add(1) == 1 {
			panic("on purpose")
		}
		return rec.Notify(ctx, msg)
	})
	f.publish(f.producer(), f.message("k", 0))
	f.eventually("the message is handled in the end", rec.seen(1))
}
