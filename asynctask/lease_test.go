package asynctask_test

import (
	"context"
	"iter"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/memstore"
	"github.com/hexplane/hexplane/eventbus"
)

// beside runs two managers of d on one store, in a bubble's time, and starts a
// task.
func beside(t *testing.T, d asynctask.Definition, bus eventbus.Publisher) (m *asynctask.Manager, task asynctask.Task) {
	store := memstore.New()
	for range 2 {
		each, err := asynctask.NewManager(store, bus, asynctask.Config{Logger: slog.New(slog.DiscardHandler)}, d)
		require.NoError(t, err)
		go func() { assert.NoError(t, each.Run(t.Context())) }()
		m = each
	}
	r, err := m.Start(t.Context(), asynctask.StartOptions{Type: "T"})
	require.NoError(t, err)
	return m, r.Task
}

// slowly yields n requests, each after a wait that outlasts a lease.
func slowly(n int, reads *atomic.Int64) func(context.Context, asynctask.Task) iter.Seq2[asynctask.Request, error] {
	return func(ctx context.Context, _ asynctask.Task) iter.Seq2[asynctask.Request, error] {
		reads.Add(1)
		return func(yield func(asynctask.Request, error) bool) {
			for i := range n {
				select {
				case <-ctx.Done():
					yield(asynctask.Request{}, ctx.Err())
					return
				case <-time.After(10 * time.Second):
				}
				if !yield(asynctask.Request{Name: strconv.Itoa(i), Topic: "requests", EventType: "Request"}, nil) {
					return
				}
			}
		}
	}
}

func TestSlowStreamIsReadOnceAndPublishedAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		d := steps(0)
		d.Steps[0].Requests = slowly(20, &reads)
		bus := &recorder{}
		m, task := beside(t, d, bus)
		time.Sleep(65 * time.Second)
		assert.Len(t, bus.take(), 6)
		time.Sleep(time.Hour)
		assert.Len(t, bus.take(), 14)
		assert.EqualValues(t, 1, reads.Load())
		got, err := m.Task(t.Context(), task.ID)
		require.NoError(t, err)
		assert.True(t, got.Sealed)
	})
}

func TestSlowEndHookIsCalledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		d := steps(0)
		d.OnEnd = func(context.Context, asynctask.Task, asynctask.Outcome) error {
			calls.Add(1)
			time.Sleep(time.Minute)
			return nil
		}
		m, task := beside(t, d, &recorder{})
		time.Sleep(time.Hour)
		assert.EqualValues(t, 1, calls.Load())
		got, err := m.Task(t.Context(), task.ID)
		require.NoError(t, err)
		assert.Equal(t, asynctask.StateCompleted, got.State)
	})
}

func TestDeadlinePassesAStreamThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := steps(0)
		d.Deadline = time.Hour
		d.Steps[0].Requests = func(context.Context, asynctask.Task) iter.Seq2[asynctask.Request, error] {
			return func(func(asynctask.Request, error) bool) { <-t.Context().Done() } // deaf to its own
		}
		m, task := beside(t, d, &recorder{})
		time.Sleep(61 * time.Minute)
		got, err := m.Task(t.Context(), task.ID)
		require.NoError(t, err)
		assert.Equal(t, asynctask.StateFailed, got.State)
		assert.Equal(t, asynctask.CodeDeadline, got.Error.Code)
	})
}

// stuck blocks until its context ends.
func stuck(ctx context.Context, _ asynctask.Task) iter.Seq2[asynctask.Request, error] {
	return func(func(asynctask.Request, error) bool) { <-ctx.Done() }
}

func TestStuckStreamsOfOneTypeKeepNoOtherTypeWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging, good := steps(0), steps(0, 0)
		hanging.Type, hanging.Steps[0].Requests = "Hanging", stuck
		m, err := asynctask.NewManager(memstore.New(), &recorder{}, asynctask.Config{Workers: 2, Logger: slog.New(slog.DiscardHandler)}, hanging, good)
		require.NoError(t, err)
		go func() { assert.NoError(t, m.Run(t.Context())) }()
		for range 5 {
			_, err := m.Start(t.Context(), asynctask.StartOptions{Type: "Hanging"})
			require.NoError(t, err)
		}
		time.Sleep(time.Minute)
		r, err := m.Start(t.Context(), asynctask.StartOptions{Type: "T"})
		require.NoError(t, err)
		time.Sleep(time.Second)
		got, err := m.Task(t.Context(), r.Task.ID)
		require.NoError(t, err)
		assert.Equal(t, asynctask.StateCompleted, got.State)
	})
}

func TestDeadlineEndsTheStreamAndGivesItsWorkerBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := steps(0)
		d.Deadline, d.Steps[0].Requests = time.Hour, stuck
		m, err := asynctask.NewManager(memstore.New(), &recorder{}, asynctask.Config{Workers: 1, Logger: slog.New(slog.DiscardHandler)}, d)
		require.NoError(t, err)
		go func() { assert.NoError(t, m.Run(t.Context())) }()
		var ids []string
		for range 2 {
			r, err := m.Start(t.Context(), asynctask.StartOptions{Type: "T"})
			require.NoError(t, err)
			ids = append(ids, r.Task.ID)
		}
		time.Sleep(61 * time.Minute)
		for _, id := range ids {
			got, err := m.Task(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, asynctask.StateFailed, got.State)
			assert.Equal(t, asynctask.CodeDeadline, got.Error.Code)
		}
	})
}
