package asynctask_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

func TestTasksUnknownToThisBinaryAreLeftAlone(t *testing.T) {
	d := steps(2, 1)
	d.Steps[0].Timeout = time.Minute
	w := newWorld(t, asynctask.Config{}, d)
	task := w.start("T")
	ids := w.requests()

	other := steps(1)
	other.Steps[0].Name = "renamed"
	old := w.manager(asynctask.Config{}, other)
	unknown := asynctask.Scope{Type: "T", Step: "s0"}
	w.clock.Advance(time.Hour)
	require.NoError(t, old.Sweep(t.Context()))
	assert.Equal(t, asynctask.StateRunning, w.task(task.ID).State)
	assert.Empty(t, w.requests())
	left, err := old.Unknown(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[asynctask.Scope]int64{unknown: 1}, left)

	for _, id := range ids {
		r, err := old.DispatchEvent(t.Context(), reply(id, "ok"))
		require.NoError(t, err)
		assert.False(t, r.Completed)
	}
	open, err := w.store.HasOpen(t.Context(), task.ID, "s0")
	require.NoError(t, err)
	assert.True(t, open, "the replies are parked")

	w.sweep()
	assert.Equal(t, []string{task.ID + "/s1/r0"}, w.requests(), "a binary that knows the step takes them up")
	w.answer("ok", task.ID+"/s1/r0")
	assert.Equal(t, asynctask.StateCompleted, w.task(task.ID).State)
	none, err := w.Unknown(t.Context())
	require.NoError(t, err)
	assert.Empty(t, none)
	none, err = old.Unknown(t.Context())
	require.NoError(t, err)
	assert.Empty(t, none)
	assert.Equal(t, asynctask.Observation{Kind: asynctask.StepUnfinished, Type: "T", Step: "s0"}, w.seen.last(func(o asynctask.Observation) bool {
		return o.Kind == asynctask.StepUnfinished && o.Step == "s0" && !o.Known
	}), "what was reported is taken back")
}

func TestParkedReplyOfAWrongTypeIsDropped(t *testing.T) {
	d := steps(1)
	w := newWorld(t, asynctask.Config{}, d)
	task := w.start("T")
	id := w.requests()[0]
	other := steps(1)
	other.Type = "Other"
	wrong := reply(id, "ok")
	wrong.EventType = "What"
	_, err := w.manager(asynctask.Config{}, other).DispatchEvent(t.Context(), wrong)
	require.NoError(t, err)
	require.ErrorIs(t, w.Sweep(t.Context()), asynctask.ErrWrongEventType)
	w.clock.Advance(time.Hour)
	w.sweep()
	assert.Equal(t, asynctask.StateRunning, w.task(task.ID).State)
	w.answer("ok", id)
	assert.Equal(t, asynctask.StateCompleted, w.task(task.ID).State)
}

func TestAnotherManagerTakesOverAnInterruptedFanOut(t *testing.T) {
	d := steps(5)
	w := newWorld(t, asynctask.Config{}, d)
	_, err := w.Start(t.Context(), asynctask.StartOptions{Type: "T"})
	require.NoError(t, err)
	// A process claimed the task and died.
	claimed, err := w.store.ClaimTasks(t.Context(), asynctask.Claim{
		Scopes: []asynctask.Scope{{Type: "T", Step: "s0"}}, Owner: "dead", Now: w.clock.Now(), Until: w.clock.Now().Add(4 * time.Second), Limit: 1,
	})
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	w.sweep()
	assert.Empty(t, w.requests(), "the lease holds")
	w.clock.Advance(4 * time.Second)
	w.sweep()
	assert.Len(t, w.requests(), 5)
}
