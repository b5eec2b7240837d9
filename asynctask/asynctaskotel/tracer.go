// Package asynctaskotel makes OpenTelemetry spans of what an asynctask.Manager does.
//
// A task ends in one span, from its start to its end, and each answered request
// in one, from its publish to its reply; both are children of the trace that the
// task was started in. Publishes and handlers make spans of their own where the
// bus is traced, in the same trace, across processes.
package asynctaskotel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexplane/hexplane/asynctask"
)

// Tracer implements asynctask.Observer. It is safe for concurrent use.
type Tracer struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	now        func() time.Time
}

// New returns a tracer that makes its spans with provider.
func New(provider trace.TracerProvider) *Tracer {
	return &Tracer{
		tracer: provider.Tracer("github.com/hexplane/hexplane/asynctask"), now: time.Now,
		propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
	}
}

// Observe implements asynctask.Observer.
func (t *Tracer) Observe(o asynctask.Observation) {
	switch o.Kind {
	case asynctask.TaskEnded:
		t.span("task "+o.Type, o, o.State != asynctask.StateCompleted, attribute.String("asynctask.state", string(o.State)))
	case asynctask.RequestReplied:
		t.span("request "+o.Type+"/"+o.Step, o, o.Status != asynctask.StatusOK,
			attribute.String("asynctask.request_id", o.RequestID), attribute.String("asynctask.status", string(o.Status)))
	default:
	}
}

// span makes a span that ends now and began o.Duration ago.
func (t *Tracer) span(name string, o asynctask.Observation, failed bool, attributes ...attribute.KeyValue) {
	ctx := t.propagator.Extract(context.Background(), propagation.MapCarrier(o.TraceID))
	end := t.now()
	_, span := t.tracer.Start(ctx, name, trace.WithTimestamp(end.Add(-o.Duration)), trace.WithSpanKind(trace.SpanKindInternal),
		trace.WithAttributes(append(attributes, attribute.String("asynctask.task_id", o.TaskID))...))
	if failed {
		span.SetStatus(codes.Error, "")
	}
	span.End(trace.WithTimestamp(end))
}
