package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/hexplane/hexplane/hsadmin"
)

// measureStream sends n documents, each built when it is asked for, and looks at
// this process's memory on the way.
func measureStream(ctx context.Context, out io.Writer, self string, n int) error {
	b, err := start(ctx, self)
	if err != nil {
		return err
	}
	defer func() { _ = b.stop() }()
	client, err := hsadmin.New(hsadmin.Config{BaseURL: b.URL, Credentials: b.credentials()})
	if err != nil {
		return err
	}
	defer client.Close()
	fmt.Fprintf(out, "%d documents built and streamed\n", n)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "sent\tlive heap\tfrom the system\tgoroutines\trate\t")
	begin, sent, failed := time.Now(), 0, 0
	batches := hsadmin.NewBatchClient(client, hsadmin.BatchConfig{})
	for outcome := range batches.Stream(ctx, built(n)) {
		if sent++; outcome.State != hsadmin.Succeeded {
			failed++
		}
		if sent%max(n/5, 1) == 0 {
			fmt.Fprintf(table, "%d\t%s\t%.0f/s\t\n", sent, memory(), float64(sent)/time.Since(begin).Seconds())
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if sent != n || failed > 0 {
		return fmt.Errorf("%d of %d documents had an outcome, %d failed", sent, n, failed)
	}
	return nil
}

func memory() string {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return fmt.Sprintf("%.1f MiB\t%.1f MiB\t%d", mebi(stats.HeapAlloc), mebi(stats.Sys), runtime.NumGoroutine())
}

func mebi(bytes uint64) float64 { return float64(bytes) / (1 << 20) }
