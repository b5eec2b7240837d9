// Package hsadminotel traces an hsadmin client with OpenTelemetry: one client span
// per attempt, whose context travels to the backend with the attempt.
//
//	client, err := hsadmin.New(hsadmin.Config{
//		BaseURL: url,
//		Hooks:   []any{hsadminotel.New(otel.GetTracerProvider(), otel.GetTextMapPropagator())},
//	})
//
// Spans are named after the operation, such as "PUT /devices/{device_id}", and
// carry the HTTP attributes of OpenTelemetry's semantic conventions; never a body,
// an id of a document or a credential.
package hsadminotel

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexplane/hexplane/hsadmin"
)

const scope = "github.com/hexplane/hexplane/hsadmin/hsadminotel"

// Hook is an [hsadmin.AttemptHook]. It is safe for concurrent use.
type Hook struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
}

// New makes a hook that starts spans with the provider and writes their context
// into each attempt's header with the propagator.
func New(provider trace.TracerProvider, propagator propagation.TextMapPropagator) *Hook {
	return &Hook{tracer: provider.Tracer(scope), propagator: propagator}
}

// AttemptStarted starts a span, which ended ends.
func (h *Hook) AttemptStarted(ctx context.Context, a hsadmin.Attempt) (_ context.Context, ended func(status int, err error)) {
	//nolint:spancheck // the client calls ended, which ends the span, for every attempt
	ctx, span := h.tracer.Start(ctx, a.Operation, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes(a)...))
	h.propagator.Inject(ctx, propagation.HeaderCarrier(a.Header))
	return ctx, func(status int, err error) { //nolint:spancheck // see above
		if status != 0 {
			span.SetAttributes(attribute.Int("http.response.status_code", status))
		}
		if err != nil {
			span.SetAttributes(attribute.String("error.type", errorType(status, err)))
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

func attributes(a hsadmin.Attempt) []attribute.KeyValue {
	attrs := []attribute.KeyValue{attribute.String("http.request.method", a.Method)}
	if _, template, ok := strings.Cut(a.Operation, " "); ok {
		attrs = append(attrs, attribute.String("url.template", template))
	}
	if a.Number > 1 {
		attrs = append(attrs, attribute.Int("http.request.resend_count", a.Number-1))
	}
	return attrs
}

func errorType(status int, err error) string {
	switch {
	case status != 0:
		return strconv.Itoa(status)
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "connection"
}
