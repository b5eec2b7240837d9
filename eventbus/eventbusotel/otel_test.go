package eventbusotel_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/eventbusotel"
	"github.com/hexplane/hexplane/eventbus/membus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestTrace: a span to publish, one per attempt below it, and what the callback
// publishes below that.
func TestTrace(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	factory := eventbus.NewFactory(membus.New(membus.Config{}), eventbus.FactoryConfig{
		Tracer:   eventbusotel.New(sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder))),
		Logger:   slog.New(slog.DiscardHandler),
		Consumer: eventbus.ConsumerConfig{Failure: eventbus.FailurePolicy{Backoff: time.Millisecond}},
	})
	producer, err := factory.Producer(eventbus.ClientDefault)
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	consumer, err := factory.Consumer("shop", eventbus.ClientDefault)
	require.NoError(t, err)
	attempts := 0
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "orders", Callback: eventbus.CallbackFunc(
		func(ctx context.Context, _ *eventbus.Message) error {
			if attempts++; attempts == 1 {
				return errors.New("not yet")
			}
			msg, err := eventbus.NewMessage("invoices", "Invoiced", "k", 1)
			require.NoError(t, err)
			return producer.Publish(ctx, msg)
		})}))
	msg, err := eventbus.NewMessage("orders", "Ordered", "k", 1)
	require.NoError(t, err)
	require.NoError(t, producer.Publish(t.Context(), msg))
	require.Empty(t, msg.TraceID, "the caller's message is left alone")
	require.Eventually(t, func() bool { return len(recorder.Ended()) == 4 }, 30*time.Second, 5*time.Millisecond)
	require.NoError(t, consumer.Close(t.Context()))

	spans := recorder.Ended()
	slices.SortFunc(spans, func(a, b sdk.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	send, failed, process, invoice := spans[0], spans[1], spans[2], spans[3]
	require.Equal(t, "send orders", send.Name())
	require.Equal(t, trace.SpanKindProducer, send.SpanKind())
	require.Equal(t, "process orders", failed.Name())
	require.Equal(t, codes.Error, failed.Status().Code)
	require.Equal(t, "process orders", process.Name())
	require.Equal(t, trace.SpanKindConsumer, process.SpanKind())
	require.Equal(t, "send invoices", invoice.Name())
	require.Equal(t, send.SpanContext().SpanID(), failed.Parent().SpanID())
	require.Equal(t, send.SpanContext().SpanID(), process.Parent().SpanID())
	require.Equal(t, process.SpanContext().SpanID(), invoice.Parent().SpanID())
	for _, span := range spans {
		require.Equal(t, send.SpanContext().TraceID(), span.SpanContext().TraceID())
	}
}
