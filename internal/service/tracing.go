package service

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// tracing is where a process's spans go. Without a collector there are none, but the
// trace context of what comes in is still carried on.
type tracing struct {
	provider trace.TracerProvider
	shutdown func(context.Context) error
}

// Propagator reads and writes the W3C trace context and baggage, in every service
// alike.
func Propagator() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
}

// newTracing sends spans to the OTLP collector of that base URL, if there is one.
func newTracing(endpoint, name string) (tracing, error) {
	if endpoint == "" {
		return tracing{noop.NewTracerProvider(), func(context.Context) error { return nil }}, nil
	}
	target, err := url.JoinPath(endpoint, "v1", "traces")
	if err != nil {
		return tracing{}, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	// Nothing is sent yet: the context is of no use here.
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(target))
	if err != nil {
		return tracing{}, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", name))))
	return tracing{provider, provider.Shutdown}, nil
}

// handler gives requests their trace context, and a span each when there is a
// collector.
func (t tracing) handler(service string, h http.Handler) http.Handler {
	if _, silent := t.provider.(noop.TracerProvider); silent {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := Propagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
			h.ServeHTTP(w, r.WithContext(ctx))
		})
	}
	return otelhttp.NewHandler(h, service, otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(Propagator()))
}

// Client returns what the service calls other services with. Its requests carry the
// trace context of the context that they are made with, and have a span each when
// there is a collector. The timeout bounds a call, the reading of its answer included.
func (p *Platform) Client(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: otelhttp.NewTransport(http.DefaultTransport,
		otelhttp.WithTracerProvider(p.Traces), otelhttp.WithPropagators(Propagator()))}
}
