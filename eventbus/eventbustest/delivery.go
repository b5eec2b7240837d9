package eventbustest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// testDelivery: every field of a message arrives as it was published.
func testDelivery(t *testing.T, h Harness) {
	f := newFixture(t, h)
	sent := f.message("key", map[string]any{"n": 1, "text": "æøå \u2028"})
	sent.TraceID = map[string]string{
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1", "baggage": "b=2",
	}
	f.publish(f.producer(), sent)

	var rec recorder
	deliveries := make(chan eventbus.Delivery, 1)
	f.register(f.consumer(), func(ctx context.Context, msg *eventbus.Message) error {
		d, ok := eventbus.DeliveryFrom(ctx)
		require.True(t, ok)
		deliveries <- d
		return rec.Notify(ctx, msg)
	})
	f.eventually("the message arrives", rec.seen(1))
	got := rec.messages()[0]
	require.JSONEq(t, string(sent.Payload), string(got.Payload))
	got.Payload = sent.Payload
	require.Equal(t, sent, got)
	require.Equal(t, time.UTC, got.Timestamp.Location())
	d := <-deliveries
	require.Equal(t, f.group, d.Group)
	require.Equal(t, f.topic, d.Topic)
	require.Equal(t, int64(0), d.Offset)
	require.Equal(t, 1, d.Attempt)
}

// testOrderPerKey: each key's messages arrive in order, whoever publishes the others.
func testOrderPerKey(t *testing.T, h Harness) {
	const keys, each = 20, 50
	f := newFixture(t, h)
	var rec recorder
	f.register(f.consumer(), rec.Notify)
	producer := f.producer()
	for n := range each {
		msgs := make([]*eventbus.Message, keys)
		for k := range keys {
			msgs[k] = f.message(fmt.Sprintf("key-%d", k), n)
		}
		f.publish(producer, msgs...)
	}
	f.eventually("all messages arrive", rec.seen(keys*each))
	for key, numbers := range rec.numbers() {
		require.Equal(t, upTo(each), numbers, key)
	}
}

// testOddKeysAndSizes: any bytes are a key, any size under the limit a payload.
func testOddKeysAndSizes(t *testing.T, h Harness) {
	f := newFixture(t, h)
	large, err := json.Marshal(strings.Repeat("x", 900_000))
	require.NoError(t, err)
	sent := []*eventbus.Message{
		f.message("", nil),
		f.message("\xff\xfe\x00\x80", 1),
		f.message("ключ", 2),
		f.message("empty", json.RawMessage(`""`)),
		f.message("large", json.RawMessage(large)),
	}
	producer := f.producer()
	f.publish(producer, sent...)

	over := f.message("over", json.RawMessage(`"`+strings.Repeat("x", 1_000_000)+`"`))
	err = producer.Publish(f.context(), over)
	require.ErrorIs(t, err, eventbus.ErrTooLarge)
	var tooLarge *eventbus.TooLargeError
	require.ErrorAs(t, err, &tooLarge)
	require.Greater(t, tooLarge.Size, tooLarge.Limit)

	var rec recorder
	f.register(f.consumer(), rec.Notify)
	f.eventually("all messages arrive", rec.seen(len(sent)))
	got := make(map[string]*eventbus.Message)
	for _, msg := range rec.messages() {
		got[msg.ID] = msg
	}
	for _, msg := range sent {
		require.Contains(t, got, msg.ID, "key %q", msg.Key)
		require.Equal(t, msg.Key, got[msg.ID].Key)
		if len(msg.Payload) > 0 {
			require.Equal(t, string(msg.Payload), string(got[msg.ID].Payload))
		}
	}
}

// testParallelLanes: keys wait for their own messages only. Each handler waits
// until all keys are being handled at once.
func testParallelLanes(t *testing.T, h Harness) {
	const keys = 32
	f := newFixture(t, h)
	producer := f.producer()
	for range 2 {
		for k := range keys {
			f.publish(producer, f.message(fmt.Sprintf("key-%d", k), k))
		}
	}
	arrived := make(chan string, keys)
	release := make(chan struct{})
	var rec recorder
	f.register(f.consumer(), func(ctx context.Context, msg *eventbus.Message) error {
		select {
		case arrived <- msg.Key:
		default:
		}
		select {
		case <-release:
		case <-ctx.Done():
			return ctx.Err()
		}
		return rec.Notify(ctx, msg)
	})
	seen := make(map[string]bool)
	for range keys {
		select {
		case key := <-arrived:
			require.False(t, seen[key], "two of one key at once")
			seen[key] = true
		case <-time.After(h.Wait):
			t.Fatalf("only %d keys at once", len(seen))
		}
	}
	close(release)
	f.eventually("all messages arrive", rec.seen(2*keys))
}

// testTrace: what a callback publishes continues the trace of its message.
func testTrace(t *testing.T, h Harness) {
	f := newFixture(t, h)
	producer := f.producer()
	var rec recorder
	consumer := f.consumer()
	next := f.topic + "-next"
	f.register(consumer, func(ctx context.Context, _ *eventbus.Message) error {
		msg := f.message("k", 1)
		msg.Topic = next
		return producer.Publish(ctx, msg)
	})
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: next, Callback: &rec}))
	first := f.message("k", 0)
	first.TraceID = map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	f.publish(producer, first)
	f.eventually("the second message arrives", rec.seen(1))
	require.Equal(t, first.TraceID, rec.messages()[0].TraceID)
}
