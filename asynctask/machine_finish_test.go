package asynctask_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/asynctask"
)

// finish lets everything run to its end without further crashes and compares
// the result with what the model demands.
func (m *machine) finish(t *rapid.T) {
	m.proc.armed = false
	for round := 0; ; round++ {
		require.Less(t, round, 500, "the tasks do not come to an end")
		m.Sweep(t)
		if len(m.queue) == 0 && m.ended(t) {
			break
		}
		for len(m.queue) > 0 {
			m.deliver(t, 0, false)
		}
		m.clock.Advance(5 * time.Second)
	}
	for id, task := range m.started {
		m.judge(t, id, task.JobID)
	}
	for job := range machineJobs {
		m.judgeProgress(t, fmt.Sprint("job", job+1))
	}
}

func (m *machine) ended(t *rapid.T) bool {
	left, err := m.store.Unfinished(m.ctx)
	require.NoError(t, err)
	return len(left) == 0
}

// judge compares one tree with the model.
func (m *machine) judge(t *rapid.T, id, job string) {
	got, err := m.store.Task(m.ctx, id)
	require.NoError(t, err)
	require.NotEmpty(t, m.outer[id], "the requester was not told")
	for _, s := range m.outer[id] {
		require.Equal(t, m.outer[id][0], s, "the requester was told different things")
	}
	if got.State == asynctask.StateCancelled {
		require.True(t, m.asked[job])
		require.Equal(t, asynctask.StatusCancelled, m.outer[id][0])
		return
	}
	want, counts := m.expect(id)
	if m.asked[job] && got.State == asynctask.StateFailed && want == asynctask.StateCompleted {
		return // a child that was cancelled before its parent
	}
	require.Equal(t, want, got.State, "%+v", got)
	if !m.asked[job] {
		require.Equal(t, counts, got.Counts)
	}
	m.judgeRequests(t, got)
}

// expect computes the outcome from the shape alone.
func (m *machine) expect(id string) (asynctask.State, asynctask.Counts) {
	var sum asynctask.Counts
	state := asynctask.StateCompleted
	for i, n := range m.shape[id] {
		childID := m.childID(id, i)
		c := asynctask.Counts{Total: int64(n)}
		for leaf := range n {
			if leafStatus(asynctask.RequestID(childID, "leaves", fmt.Sprintf("%010d", leaf))) == "ok" {
				c.OK++
			} else {
				c.Failed++
			}
		}
		if c.Failed*2 > c.Total {
			state = asynctask.StateFailed
		}
		sum.Total, sum.OK, sum.Failed = sum.Total+c.Total, sum.OK+c.OK, sum.Failed+c.Failed
	}
	if state == asynctask.StateFailed {
		return state, sum
	}
	sum.Total++
	if leafStatus(asynctask.RequestID(id, "last", "0000000000")) == "ok" {
		sum.OK++
	} else {
		sum.Failed++
		state = asynctask.StateFailed
	}
	return state, sum
}

// childID is the id of the task that the parent's i-th request started.
func (m *machine) childID(parent string, i int) string {
	w, err := asynctask.NewManager(m.store, m, asynctask.Config{Clock: m.clock}, m.child())
	if err != nil {
		return err.Error()
	}
	r, err := w.Start(m.ctx, asynctask.StartOptions{Type: "Child", RequestID: asynctask.RequestID(parent, "children", fmt.Sprint("c", i))})
	if err != nil {
		return err.Error()
	}
	return r.Task.ID
}

// judgeRequests holds for every request that nobody cancelled.
func (m *machine) judgeRequests(t *rapid.T, task asynctask.Task) {
	recs, err := m.store.ListRequests(m.ctx, asynctask.RequestFilter{TaskID: task.ID, Limit: 1000})
	require.NoError(t, err)
	for _, r := range recs {
		require.False(t, r.State.Open(), r.ID())
		require.True(t, m.published[r.ID()], r.ID())
	}
}

// judgeProgress compares the sums with the records themselves.
func (m *machine) judgeProgress(t *rapid.T, job string) {
	levels, err := m.store.Progress(m.ctx, job)
	require.NoError(t, err)
	got := map[asynctask.Scope]asynctask.Level{}
	for _, l := range levels {
		got[asynctask.Scope{Type: l.Type, Step: l.Step}] = l
	}
	want := map[asynctask.Scope]asynctask.Level{}
	tasks, err := m.store.ListTasks(m.ctx, asynctask.TaskFilter{JobID: job, Limit: 1000})
	require.NoError(t, err)
	for _, task := range tasks {
		recs, err := m.store.ListRequests(m.ctx, asynctask.RequestFilter{TaskID: task.ID, Limit: 1000})
		require.NoError(t, err)
		for _, r := range recs {
			scope := asynctask.Scope{Type: r.Type, Step: r.Step}
			l := want[scope]
			l.Total++
			l.Late += int64(r.Late)
			switch r.State {
			case asynctask.RequestOK:
				l.OK++
			case asynctask.RequestFailed:
				l.Failed++
			case asynctask.RequestCancelled:
				l.Cancelled++
			default:
			}
			want[scope] = l
		}
	}
	for scope, w := range want {
		g := got[scope]
		g.Type, g.Step, g.Tasks = "", "", 0
		assert.Equal(t, w, g, "%s %v", job, scope)
	}
}
