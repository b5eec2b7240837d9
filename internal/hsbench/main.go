// Command hsbench measures the HS Admin client: its batch client against a plain
// net/http loop with the same concurrency and the same backend, what its
// decorators cost per call, how it does against a backend that fails a fifth of
// the time, and its memory over a long stream. The backend is the strict one of
// hsadmintest over HTTPS with client certificates, in a process of its own.
//
//	go run ./internal/hsbench                 # all of it, some minutes
//	go run ./internal/hsbench -scale 0.01     # a taste
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
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, *serve, *scale)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hsbench:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

func run(ctx context.Context, serve bool, scale float64) error {
	if serve {
		return serveBackend(os.Stdin, os.Stdout)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return measure(ctx, os.Stdout, self, scale)
}

// measure runs every part and writes its table.
func measure(ctx context.Context, out io.Writer, self string, scale float64) error {
	part := func(n int) int { return max(int(float64(n)*scale), 200) }
	if err := measureThroughput(ctx, out, self, part(40_000)); err != nil {
		return err
	}
	if err := measureDecorators(ctx, out); err != nil {
		return err
	}
	if err := measureFaults(ctx, out, self, part(20_000)); err != nil {
		return err
	}
	return measureStream(ctx, out, self, part(1_000_000))
}
