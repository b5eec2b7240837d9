// Package bench measures asynctask; make bench-asynctask runs it. It is a module
// of its own, so that what it compares with stays out of the SDK's graph.
package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/hexplane/hexplane/asynctask"
)

type bench struct {
	out                    io.Writer
	size, replies, workers int
	children               int
}

// round is how many replies are timed at once.
const round = 1_000

// store measures what depends on the store alone: a task of b.size requests in the
// one, and beside it tasks of a thousand in another that holds nothing else. Their
// replies are timed in turn, for a machine is not as fast all the time.
func (b *bench) store(ctx context.Context, name string, store, other asynctask.Store) error {
	began := time.Now()
	m, id, err := b.filled(ctx, store, b.size, 0)
	if err != nil {
		return err
	}
	b.row(name, fmt.Sprintf("fan-out of %d requests", b.size), rate(b.size, time.Since(began)))
	if err := b.outstanding(ctx, name, m, id); err != nil {
		return err
	}
	var small, large rounds
	apart := max(round, b.size/(b.replies/round)) // stretches of requests all over the task
	for i := 0; i < b.replies/round && i*apart+round <= b.size; i++ {
		d, err := b.small(ctx, other, i)
		if err != nil {
			return err
		}
		small = append(small, d)
		if d, err = answer(ctx, m, id, stretch(i*apart, round), b.workers); err != nil {
			return err
		}
		large = append(large, d)
	}
	b.row(name, fmt.Sprintf("replies into tasks of %d", round), small.String())
	b.row(name, fmt.Sprintf("replies into a task of %d", b.size), large.String())
	b.row(name, fmt.Sprintf("cost per reply at %d against %d", b.size, round), fmt.Sprintf("%.2f times (median), %.2f (mean)",
		float64(large.median())/float64(small.median()), float64(large.mean())/float64(small.mean())))
	return b.cancel(ctx, name, m, id)
}

// small times the replies into a task of one round.
func (b *bench) small(ctx context.Context, store asynctask.Store, i int) (time.Duration, error) {
	m, id, err := b.filled(ctx, store, round, i)
	if err != nil {
		return 0, err
	}
	return answer(ctx, m, id, stretch(0, round), b.workers)
}

// filled returns a task with n requests in flight.
func (b *bench) filled(ctx context.Context, store asynctask.Store, n, i int) (*asynctask.Manager, string, error) {
	m, err := asynctask.NewManager(store, &nowhere{}, asynctask.Config{Logger: slog.New(slog.DiscardHandler)}, fan(n))
	if err != nil {
		return nil, "", err
	}
	id := fmt.Sprintf("Fan-%d-%d", n, i)
	if _, err := m.Start(ctx, asynctask.StartOptions{Type: "Fan", ID: id, JobID: id}); err != nil {
		return nil, "", err
	}
	return m, id, m.Sweep(ctx)
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

// rounds are the times that rounds of replies took.
type rounds []time.Duration

func (r rounds) median() time.Duration { return slices.Sorted(slices.Values(r))[len(r)/2] }

func (r rounds) mean() time.Duration {
	var sum time.Duration
	for _, d := range r {
		sum += d
	}
	return sum / time.Duration(len(r))
}

// String gives replies per second.
func (r rounds) String() string {
	return fmt.Sprintf("%.0f/s (median of %d rounds), %.0f/s (mean)", round/r.median().Seconds(), len(r), round/r.mean().Seconds())
}
