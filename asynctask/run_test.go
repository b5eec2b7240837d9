package asynctask_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/memstore"
	"github.com/hexplane/hexplane/asynctask/sqlstore"
	"github.com/hexplane/hexplane/eventbus"
)

// echo is a bus whose receivers answer every request at once, from goroutines
// of their own, to any of the managers.
type echo struct {
	t        *testing.T
	wg       sync.WaitGroup
	managers []*asynctask.Manager
	mu       sync.Mutex
	turn     int
	ended    chan string
}

func (e *echo) Publish(ctx context.Context, msgs ...*eventbus.Message) error {
	for _, msg := range msgs {
		h := header(e.t, msg)
		if msg.Topic == "outer" {
			e.ended <- h.RequestID
			continue
		}
		e.mu.Lock()
		e.turn++
		m := e.managers[e.turn%len(e.managers)]
		e.mu.Unlock()
		e.wg.Go(func() {
			_, err := m.DispatchEvent(context.WithoutCancel(ctx), reply(h.RequestID, "ok"))
			assert.NoError(e.t, err)
		})
	}
	return nil
}

func TestSeveralManagersRunTasksTogether(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) asynctask.Store{
		"memory": func(*testing.T) asynctask.Store { return memstore.New() },
		"sqlite": func(t *testing.T) asynctask.Store {
			db, err := sqlstore.OpenSQLite(filepath.Join(t.TempDir(), "tasks.db"), false)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			s, err := sqlstore.New(t.Context(), db)
			require.NoError(t, err)
			return s
		},
	} {
		t.Run(name, func(t *testing.T) { runTogether(t, open(t)) })
	}
}

func runTogether(t *testing.T, store asynctask.Store) {
	const tasks = 8
	d := steps(30, 0, 5)
	d.Steps[0].Window = 7
	bus := &echo{t: t, ended: make(chan string, 10*tasks)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range 3 {
		m, err := asynctask.NewManager(store, bus, asynctask.Config{
			Batch: 10, Workers: 4, Poll: 10 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		}, d)
		require.NoError(t, err)
		bus.managers = append(bus.managers, m)
	}
	for _, m := range bus.managers {
		running.Go(func() { assert.NoError(t, m.Run(ctx)) })
	}
	for i := range tasks {
		id := fmt.Sprint("outer", i)
		for range 2 {
			_, err := bus.managers[i%3].Start(ctx, asynctask.StartOptions{Type: "T", JobID: "job", RequestID: id, ReplyTopic: "outer"})
			require.NoError(t, err)
		}
	}
	ended := map[string]bool{}
	for len(ended) < tasks {
		select {
		case id := <-bus.ended:
			ended[id] = true
		case <-time.After(time.Minute):
			require.Fail(t, "the tasks do not end", "%d ended", len(ended))
		}
	}
	cancel()
	running.Wait()
	bus.wg.Wait()
	levels, err := store.Progress(t.Context(), "job")
	require.NoError(t, err)
	require.Len(t, levels, 2, "a step without requests leaves no trace once it is passed")
	for i, want := range []int64{30 * tasks, 5 * tasks} {
		assert.Equal(t, int64(tasks), levels[i].Tasks)
		assert.Equal(t, want, levels[i].Total)
		assert.Equal(t, want, levels[i].OK)
		assert.Zero(t, levels[i].InFlight)
	}
}

func TestRunStopsWhileAStreamIsRead(t *testing.T) {
	d := steps(1_000_000)
	store := memstore.New()
	m, err := asynctask.NewManager(store, &recorder{}, asynctask.Config{Batch: 10, Logger: slog.New(slog.DiscardHandler)}, d)
	require.NoError(t, err)
	r, err := m.Start(t.Context(), asynctask.StartOptions{Type: "T"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	require.Eventually(t, func() bool {
		open, err := store.HasOpen(t.Context(), r.Task.ID, "s0")
		return err == nil && open
	}, 30*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	got, err := store.Task(t.Context(), r.Task.ID)
	require.NoError(t, err)
	assert.False(t, got.Sealed)
}
