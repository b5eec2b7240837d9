package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"text/tabwriter"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadminotel"
	"github.com/hexplane/hexplane/hsadmin/hsadminprom"
)

// noContent answers 204 without a network, so that only the client is measured.
type noContent struct{}

func (noContent) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody}, nil
}

// nowhere takes what is logged, after it was put into words.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// step is what one line of the table adds to the lines before.
type step struct {
	name string
	add  func(*hsadmin.Config)
}

func steps() ([]step, error) {
	metrics, err := hsadminprom.New(prometheus.NewRegistry())
	if err != nil {
		return nil, err
	}
	traces := hsadminotel.New(trace.NewTracerProvider(), propagation.TraceContext{})
	return []step{
		{"transport, retry, error decoding", func(cfg *hsadmin.Config) {
			cfg.Timeout, cfg.AttemptTimeout, cfg.Breaker.Disabled = -1, -1, true
		}},
		{"+ overall deadline", func(cfg *hsadmin.Config) { cfg.Timeout = 0 }},
		{"+ attempt timeout", func(cfg *hsadmin.Config) { cfg.AttemptTimeout = 0 }},
		{"+ circuit breaker (the default client)", func(cfg *hsadmin.Config) { cfg.Breaker.Disabled = false }},
		{"+ rate limit", func(cfg *hsadmin.Config) { cfg.RateLimit, cfg.RateBurst = 1e9, 1e6 }},
		{"+ log at info: nothing to write", func(cfg *hsadmin.Config) { cfg.Log = slog.New(slog.NewJSONHandler(nowhere{}, nil)) }},
		{"+ Prometheus", func(cfg *hsadmin.Config) { cfg.Hooks = append(cfg.Hooks, metrics) }},
		{"+ OpenTelemetry, every call sampled", func(cfg *hsadmin.Config) { cfg.Hooks = append(cfg.Hooks, traces) }},
		{"+ log at debug: two lines a call", func(cfg *hsadmin.Config) {
			cfg.Log = slog.New(slog.NewJSONHandler(nowhere{}, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}},
	}, nil
}

func measureDecorators(ctx context.Context, out io.Writer) error {
	all, err := steps()
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Decorators: cost of one PUT without a network")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "client\tns\tbytes\tallocations")
	plain := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		client, req := &http.Client{Transport: noContent{}}, putOf(1)
		for b.Loop() {
			if err := sendOne(ctx, client, "https://hs.example", req); err != nil {
				b.Fatal(err)
			}
		}
	})
	fmt.Fprintf(table, "plain net/http client\t%d\t%d\t%d\n", plain.NsPerOp(), plain.AllocedBytesPerOp(), plain.AllocsPerOp())
	var cfg hsadmin.Config
	for _, s := range all {
		s.add(&cfg)
		cfg.BaseURL, cfg.Transport = "https://hs.example", noContent{}
		client, err := hsadmin.New(cfg)
		if err != nil {
			return err
		}
		result := testing.Benchmark(func(b *testing.B) { benchmarkSend(ctx, b, client) })
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", s.name, result.NsPerOp(), result.AllocedBytesPerOp(), result.AllocsPerOp())
	}
	return table.Flush()
}

func benchmarkSend(ctx context.Context, b *testing.B, client *hsadmin.Client) {
	b.ReportAllocs()
	req := putOf(1)
	for b.Loop() {
		if _, err := client.Send(ctx, req); err != nil {
			b.Fatal(err)
		}
	}
}
