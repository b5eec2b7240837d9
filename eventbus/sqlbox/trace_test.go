package sqlbox_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
	"github.com/hexplane/hexplane/eventbus/sqlbox"
)

// tracer gives messages the trace that a context names.
type tracer struct{}

type traceKey struct{}

func (tracer) Publish(ctx context.Context, msg *eventbus.Message) (context.Context, func(error)) {
	if id, ok := ctx.Value(traceKey{}).(string); ok && msg.TraceID == nil {
		msg.TraceID = map[string]string{"traceparent": id}
	}
	return ctx, func(error) {}
}

func (tracer) Handle(ctx context.Context, _ string, _ *eventbus.Message) (context.Context, func(error)) {
	return ctx, func(error) {}
}

// testTrace: what is added continues the trace of the context it was added in: the
// tracer's, or that of the message being handled; the message itself stays as it was.
func testTrace(t *testing.T, db *bun.DB) {
	own := message(t, "own", 1)
	own.TraceID = map[string]string{"traceparent": "of the message"}
	handled, traced := message(t, "handled", 2), message(t, "traced", 3)
	add := make(chan error, 1)
	callback := eventbus.CallbackFunc(func(ctx context.Context, _ *eventbus.Message) error {
		add <- db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			return sqlbox.Add(ctx, tx, own, handled)
		})
		return nil
	})
	incoming := message(t, "k", 0)
	incoming.TraceID = map[string]string{"traceparent": "of the handled one"}
	handle(t, incoming, callback)
	require.NoError(t, <-add)
	ctx := context.WithValue(t.Context(), traceKey{}, "of the context")
	require.NoError(t, sqlbox.Outbox{Tracer: tracer{}}.Add(ctx, db, traced))
	require.Nil(t, traced.TraceID)

	out := &bus{calls: 1}
	relay(t, db, out, sqlbox.RelayConfig{})
	require.Eventually(t, func() bool { return waiting(t, db) == 0 }, 30*time.Second, 10*time.Millisecond)
	traces := make(map[string]string)
	for _, msg := range out.sent {
		traces[msg.Key] = msg.TraceID["traceparent"]
	}
	require.Equal(t, map[string]string{
		"own": "of the message", "handled": "of the handled one", "traced": "of the context",
	}, traces)
}

// handle lets the callback handle the message.
func handle(t *testing.T, msg *eventbus.Message, callback eventbus.Callback) {
	t.Helper()
	transport := membus.New(membus.Config{})
	producer, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, producer.Close()) })
	require.NoError(t, producer.Publish(t.Context(), msg))
	consumer, err := eventbus.NewConsumer(transport, eventbus.ConsumerConfig{Group: "g", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, consumer.Close(context.Background())) })
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: msg.Topic, Callback: callback}))
}
