package asynctask_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/asynctasktest"
	"github.com/hexplane/hexplane/asynctask/memstore"
	"github.com/hexplane/hexplane/asynctask/sqlstore"
	"github.com/hexplane/hexplane/eventbus"
)

// The state machine runs trees of tasks of two levels on a bus that repeats and
// reorders messages, in processes that die at any call, and compares with a
// model that knows only what was asked for:
//
//	Parent: step "children" requests one Child per number, step "last" one leaf
//	Child:  step "leaves" requests leaves
func TestManagerAgainstModel(t *testing.T) {
	for _, c := range []struct {
		name   string
		checks string // unless -rapid.checks says otherwise
		open   func(t *testing.T, rt *rapid.T) asynctask.Store
	}{
		{"memory", "1000", func(*testing.T, *rapid.T) asynctask.Store { return memstore.New() }},
		{"sqlite", "5", openSQLite},
	} {
		t.Run(c.name, func(t *testing.T) {
			checks := flag.Lookup("rapid.checks")
			if given := checks.Value.String(); given == checks.DefValue {
				require.NoError(t, checks.Value.Set(c.checks))
				defer func() { require.NoError(t, checks.Value.Set(given)) }()
			}
			rapid.Check(t, func(rt *rapid.T) {
				m := newMachine(rt, c.open(t, rt))
				rt.Repeat(rapid.StateMachineActions(m))
				m.finish(rt)
			})
		})
	}
}

func openSQLite(t *testing.T, rt *rapid.T) asynctask.Store {
	db, err := sqlstore.OpenSQLite(filepath.Join(t.TempDir(), "tasks.db"), false)
	require.NoError(rt, err)
	rt.Cleanup(func() { require.NoError(rt, db.Close()) })
	s, err := sqlstore.New(context.Background(), db)
	require.NoError(rt, err)
	return s
}

const (
	machineWindow = 3
	machineJobs   = 3
)

type machine struct {
	ctx     context.Context
	store   asynctask.Store
	clock   *asynctasktest.Clock
	proc    *process
	manager *asynctask.Manager

	queue     []*eventbus.Message // published and not yet acknowledged
	published map[string]bool     // request ids ever published
	answered  map[string]bool     // leaf request ids whose reply was acknowledged as accepted
	outer     map[string][]asynctask.Status
	started   map[string]asynctask.Task
	shape     map[string][]int // leaves per child, by parent
	cancelled map[string]bool  // jobs whose cancellation returned
	asked     map[string]bool  // jobs whose cancellation was asked for
	crashes   int
}

func newMachine(t *rapid.T, store asynctask.Store) *machine {
	m := &machine{
		ctx: context.Background(), store: store, clock: asynctasktest.NewClock(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)),
		published: map[string]bool{}, answered: map[string]bool{}, outer: map[string][]asynctask.Status{},
		started: map[string]asynctask.Task{}, shape: map[string][]int{}, cancelled: map[string]bool{}, asked: map[string]bool{},
	}
	m.boot(t)
	return m
}

// boot starts a process after the one before died.
func (m *machine) boot(t *rapid.T) {
	m.proc = &process{store: m.store, bus: m}
	var err error
	m.manager, err = asynctask.NewManager(m.proc, m.proc, asynctask.Config{
		Batch: 2, Clock: m.clock, Logger: slog.New(slog.DiscardHandler),
	}, m.parent(), m.child())
	require.NoError(t, err)
}

// alive reports an error of a living process, and replaces a dead one.
func (m *machine) alive(t *rapid.T, err error) bool {
	if !m.proc.dead {
		require.NoError(t, err)
		return true
	}
	m.crashes++
	m.boot(t)
	return false
}

// Start asks for a new tree, or again for one there is.
func (m *machine) Start(t *rapid.T) {
	job := fmt.Sprint("job", rapid.IntRange(1, machineJobs).Draw(t, "job"))
	id := fmt.Sprint("P", rapid.IntRange(1, 5).Draw(t, "task"), "-", job)
	if m.shape[id] == nil {
		m.shape[id] = rapid.SliceOfN(rapid.IntRange(0, 7), 0, 4).Draw(t, "leaves per child")
		if m.shape[id] == nil {
			m.shape[id] = []int{}
		}
	}
	r, err := m.manager.Start(m.ctx, asynctask.StartOptions{Type: "Parent", ID: id, JobID: job, RequestID: id, ReplyTopic: "outer"})
	if m.alive(t, err) {
		m.started[id] = r.Task
	}
}

// Crash lets the process die at one of its next calls.
func (m *machine) Crash(t *rapid.T) {
	m.proc.armed = true
	m.proc.calls = rapid.IntRange(0, 25).Draw(t, "calls until it dies")
	m.proc.after = rapid.Bool().Draw(t, "the last call takes effect")
}

// Sweep does what is due.
func (m *machine) Sweep(t *rapid.T) { m.alive(t, m.manager.Sweep(m.ctx)) }

// Wait lets leases, or also timeouts, pass.
func (m *machine) Wait(t *rapid.T) {
	m.clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, 5 * time.Second, 2 * time.Hour}).Draw(t, "for"))
}

// Deliver hands over any message, and sometimes keeps it to hand it over again.
func (m *machine) Deliver(t *rapid.T) {
	if len(m.queue) == 0 {
		t.Skip("nothing under way")
	}
	i := rapid.IntRange(0, len(m.queue)-1).Draw(t, "message")
	m.deliver(t, i, rapid.IntRange(0, 4).Draw(t, "repeat") == 0)
}

func (m *machine) deliver(t *rapid.T, i int, repeat bool) {
	msg := m.queue[i]
	var err error
	switch msg.Topic {
	case "children":
		err = m.manager.Starter("Child").Notify(m.ctx, msg)
	case "leaves":
		var h struct {
			RequestID string `json:"request_id"`
		}
		require.NoError(t, json.Unmarshal(msg.Payload, &h))
		answer := reply(h.RequestID, leafStatus(h.RequestID))
		answer.EventType = "LeafReply"
		m.queue = append(m.queue, answer)
	case "replies":
		err = m.manager.Replies().Notify(m.ctx, msg)
	}
	if m.alive(t, err) && !repeat {
		m.queue = append(m.queue[:i], m.queue[i+1:]...)
	}
}

// Cancel cancels a job.
func (m *machine) Cancel(t *rapid.T) {
	if rapid.IntRange(0, 9).Draw(t, "seldom") > 0 {
		t.Skip("seldom")
	}
	job := fmt.Sprint("job", rapid.IntRange(1, machineJobs).Draw(t, "job"))
	m.asked[job] = true
	if m.alive(t, m.manager.CancelJob(m.ctx, job)) {
		m.cancelled[job] = true
	}
}

// Check holds after every action: no window is exceeded, and no step begins
// before the one before it is closed.
func (m *machine) Check(t *rapid.T) {
	for _, typ := range []string{"Parent", "Child"} {
		tasks, err := m.store.ListTasks(m.ctx, asynctask.TaskFilter{Type: typ, Limit: 1000})
		require.NoError(t, err)
		for _, task := range tasks {
			inFlight, err := m.store.ListRequests(m.ctx, asynctask.RequestFilter{
				TaskID: task.ID, States: []asynctask.RequestState{asynctask.RequestInFlight}, Limit: 1000,
			})
			require.NoError(t, err)
			require.LessOrEqual(t, len(inFlight), machineWindow)
			if task.Step == "last" && task.State == asynctask.StateRunning {
				open, err := m.store.HasOpen(m.ctx, task.ID, "children")
				require.NoError(t, err)
				require.False(t, open)
			}
		}
	}
}
