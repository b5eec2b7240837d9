// Command hsbench measures the HS Admin client: its batch client against a plain
// net/http loop with the same concurrency and the same backend, what its
// decorators cost per call, how it does against a backend that fails a fifth of
// the time, and its memory over a long stream. The backend is the strict one of
// hsadmintest over HTTPS with client certificates, in a process of its own.
//
//	go run ./internal/hsbench                 # all of it, some minutes
//	go run ./internal/hsbench -scale 0.01     # a taste
//	go run ./internal/hsbench -only stream    # throughput, decorators, faults or stream
//
// Rates depend on the machine and on what else it does: trust ratios.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	serve := flag.Bool("serve", false, "be the backend (the program starts itself so)")
	scale := flag.Float64("scale", 1, "how much of the full load to send")
	only := flag.String("only", "", "the one part to measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, *serve, *only, *scale)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hsbench:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

func run(ctx context.Context, serve bool, only string, scale float64) error {
	if serve {
		return serveBackend(os.Stdin, os.Stdout)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return measure(ctx, os.Stdout, self, only, scale)
}

// measure runs every part, or the only one wanted, and writes its table.
func measure(ctx context.Context, out io.Writer, self, only string, scale float64) error {
	scaled := func(n int) int { return max(int(float64(n)*scale), 50) }
	known := false
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"throughput", func() error { return measureThroughput(ctx, out, self, scaled(10_000)) }},
		{"decorators", func() error { return measureDecorators(ctx, out) }},
		{"faults", func() error { return measureFaults(ctx, out, self, scaled(20_000)) }},
		{"stream", func() error { return measureStream(ctx, out, self, scaled(1_000_000)) }},
	} {
		if only != "" && only != part.name {
			continue
		}
		known = true
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		fmt.Fprintln(out)
	}
	if !known {
		return fmt.Errorf("there is no part %q", only)
	}
	return nil
}
