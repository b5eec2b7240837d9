// Package bench measures asynctask; make bench-asynctask runs it. It is a module
// of its own, so that what it compares with stays out of the SDK's graph.
package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/hexplane/hexplane/asynctask"
)

type bench struct {
	out                    io.Writer
	size, replies, workers int
}

// store measures what depends on the store alone.
func (b *bench) store(ctx context.Context, name string, store asynctask.Store) error {
	small, err := b.task(ctx, name, store, 1_000)
	if err != nil {
		return err
	}
	large, err := b.task(ctx, name, store, b.size)
	if err != nil {
		return err
	}
	b.row(name, fmt.Sprintf("cost per reply at %d against 1000", b.size), fmt.Sprintf("%.2f times", float64(large)/float64(small)))
	return nil
}

// task returns the cost of one reply in a task of n requests.
func (b *bench) task(ctx context.Context, name string, store asynctask.Store, n int) (time.Duration, error) {
	var spent time.Duration
	answered := 0
	for round := 0; answered < b.replies; round++ {
		bus := &nowhere{}
		m, err := asynctask.NewManager(store, bus, asynctask.Config{Logger: slog.New(slog.DiscardHandler)}, fan(n))
		if err != nil {
			return 0, err
		}
		id := fmt.Sprintf("Fan-%d-%d", n, round)
		began := time.Now()
		if _, err := m.Start(ctx, asynctask.StartOptions{Type: "Fan", ID: id, JobID: id}); err != nil {
			return 0, err
		}
		if err := m.Sweep(ctx); err != nil {
			return 0, err
		}
		if n == b.size {
			b.row(name, fmt.Sprintf("fan-out of %d requests", n), rate(n, time.Since(began)))
			if err := b.outstanding(ctx, name, m, id); err != nil {
				return 0, err
			}
		}
		seq := order(n)
		seq = seq[:min(len(seq), b.replies)]
		d, err := answer(ctx, m, id, seq, b.workers)
		if err != nil {
			return 0, err
		}
		spent += d
		answered += len(seq)
		if n == b.size {
			if err := b.cancel(ctx, name, m, id); err != nil {
				return 0, err
			}
		}
	}
	b.row(name, fmt.Sprintf("replies into a task of %d", n), rate(answered, spent))
	return spent / time.Duration(answered), nil
}

// outstanding measures what others see of a large task that waits.
func (b *bench) outstanding(ctx context.Context, name string, m *asynctask.Manager, job string) error {
	b.row(name, "memory with all outstanding", memory())
	began := time.Now()
	levels, err := m.Progress(ctx, job)
	if err != nil {
		return err
	}
	b.row(name, fmt.Sprintf("progress of %d in flight", levels[0].InFlight), time.Since(began).Round(10*time.Microsecond).String())
	return nil
}

func (b *bench) cancel(ctx context.Context, name string, m *asynctask.Manager, job string) error {
	began := time.Now()
	if err := m.CancelJob(ctx, job); err != nil {
		return err
	}
	b.row(name, "cancel", time.Since(began).Round(10*time.Microsecond).String())
	began = time.Now()
	if err := m.Sweep(ctx); err != nil {
		return err
	}
	b.row(name, "closing what was left open", time.Since(began).Round(time.Millisecond).String())
	return nil
}

func (b *bench) row(subject, what, figure string) {
	fmt.Fprintf(b.out, "%-12s %-50s %s\n", subject, what, figure)
}

func rate(n int, d time.Duration) string {
	return fmt.Sprintf("%.0f/s (%s)", float64(n)/d.Seconds(), d.Round(time.Millisecond))
}
