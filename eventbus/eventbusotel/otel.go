// Package eventbusotel makes OpenTelemetry spans of an eventbus: a producer span
// for each message published, and a consumer span, its child also across
// processes, for each attempt to handle one. The trace context travels in the
// messages' TraceID, as W3C traceparent, tracestate and baggage.
//
//	factory := eventbus.NewFactory(transport, eventbus.FactoryConfig{Tracer: eventbusotel.New(provider)})
//
// Span and attribute names follow the semantic conventions for messaging.
package eventbusotel

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexplane/hexplane/eventbus"
)

const scope = "github.com/hexplane/hexplane/eventbus"

// Tracer implements eventbus.Tracer. It is safe for concurrent use.
type Tracer struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
}

// New returns a tracer whose spans the provider takes.
func New(provider trace.TracerProvider) *Tracer {
	return &Tracer{
		tracer:     provider.Tracer(scope),
		propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
	}
}

// Publish implements eventbus.Tracer: a message that has a trace context already
// continues that one.
func (t *Tracer) Publish(ctx context.Context, msg *eventbus.Message) (context.Context, func(error)) {
	if len(msg.TraceID) > 0 {
		ctx = t.propagator.Extract(ctx, propagation.MapCarrier(msg.TraceID))
	}
	ctx, span := t.start(ctx, "send "+msg.Topic, trace.SpanKindProducer, msg, attribute.String("messaging.operation.type", "send"))
	carrier := make(propagation.MapCarrier)
	t.propagator.Inject(ctx, carrier)
	if len(carrier) > 0 {
		msg.TraceID = carrier
	}
	return ctx, end(span)
}

// Handle implements eventbus.Tracer.
func (t *Tracer) Handle(ctx context.Context, group string, msg *eventbus.Message) (context.Context, func(error)) {
	ctx = t.propagator.Extract(ctx, propagation.MapCarrier(msg.TraceID))
	ctx, span := t.start(ctx, "process "+msg.Topic, trace.SpanKindConsumer, msg,
		attribute.String("messaging.operation.type", "process"), attribute.String("messaging.consumer.group.name", group))
	if d, ok := eventbus.DeliveryFrom(ctx); ok {
		span.SetAttributes(
			attribute.Int("messaging.destination.partition.id", int(d.Partition)),
			attribute.Int64("messaging.kafka.offset", d.Offset), attribute.Int("eventbus.attempt", d.Attempt))
	}
	return ctx, end(span)
}

//nolint:spancheck // the caller ends what is started here
func (t *Tracer) start(
	ctx context.Context, name string, kind trace.SpanKind, msg *eventbus.Message, more ...attribute.KeyValue,
) (context.Context, trace.Span) {
	return t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(append(more,
		attribute.String("messaging.destination.name", msg.Topic),
		attribute.String("messaging.message.id", msg.ID),
		attribute.String("eventbus.event_type", msg.EventType))...))
}

func end(span trace.Span) func(error) {
	return func(err error) {
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}
