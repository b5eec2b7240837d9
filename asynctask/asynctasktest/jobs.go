package asynctasktest

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

func testProgress(t *testing.T, f *fixture) {
	a, recs := f.filled("a", 4, 3)
	f.filled("b", 2, 0)
	f.started("c") // has reached step one, without a request yet
	f.answer(recs[0], asynctask.RequestOK, nil)
	f.answer(recs[1], asynctask.RequestFailed, nil)
	f.answer(recs[3], asynctask.RequestOK, nil) // while it waits
	levels, err := f.Progress(t.Context(), f.job)
	require.NoError(t, err)
	want := asynctask.Level{Type: f.typ, Step: "one", Tasks: 3, Growing: 3, Total: 6, InFlight: 1, OK: 2, Failed: 1}
	assert.Equal(t, []asynctask.Level{want}, levels)
	assert.Equal(t, int64(2), levels[0].Waiting())

	a.Sealed = true
	_, err = f.UpdateTask(t.Context(), a)
	require.NoError(t, err)
	a, err = f.Task(t.Context(), a.ID)
	require.NoError(t, err)
	a.Step, a.Sealed = "two", false
	_, err = f.UpdateTask(t.Context(), a)
	require.NoError(t, err)
	levels, err = f.Progress(t.Context(), f.job)
	require.NoError(t, err)
	want.Growing = 2
	assert.ElementsMatch(t, []asynctask.Level{want, {Type: f.typ, Step: "two", Tasks: 1, Growing: 1}}, levels)

	none, err := f.Progress(t.Context(), "nobody"+f.tag)
	require.NoError(t, err)
	assert.Empty(t, none)
}

func testProgressOrder(t *testing.T, f *fixture) {
	task, _ := f.filled("a", 1, 0)
	task.Step = "a later one" // without requests yet
	_, err := f.UpdateTask(t.Context(), task)
	require.NoError(t, err)
	levels, err := f.Progress(t.Context(), f.job)
	require.NoError(t, err)
	require.Len(t, levels, 2)
	assert.Equal(t, "one", levels[0].Step)
	assert.Equal(t, "a later one", levels[1].Step)
}

func testCancelJob(t *testing.T, f *fixture) {
	task := f.started("a")
	ended := f.task("b")
	ended.State, ended.NextAt = asynctask.StateCompleted, time.Time{}
	other := f.task("c")
	other.JobID = "other" + f.tag
	for _, x := range []asynctask.Task{ended, other} {
		_, _, err := f.InsertTask(t.Context(), x)
		require.NoError(t, err)
	}
	cause := asynctask.ReplyError{Code: "cancelled", Text: "stop"}
	at := f.now.Add(time.Second)
	for i, want := range []int{1, 0} {
		n, err := f.CancelJob(t.Context(), f.job, cause, at, at.Add(time.Hour))
		require.NoError(t, err)
		assert.Equal(t, want, n, "call %d", i+1)
	}
	got, err := f.Task(t.Context(), task.ID)
	require.NoError(t, err)
	assert.Greater(t, got.Version, task.Version)
	task.State, task.Outcome, task.Error = asynctask.StateEnding, asynctask.StateCancelled, &cause
	task.EndedAt, task.NextAt, task.UpdatedAt, task.Version = at, at, at, got.Version
	assert.Equal(t, task, got)
	for _, x := range []asynctask.Task{ended, other} {
		got, err := f.Task(t.Context(), x.ID)
		require.NoError(t, err)
		assert.Equal(t, x, got)
	}
	for job, want := range map[string]bool{f.job: true, "other" + f.tag: false} {
		cancelled, err := f.JobCancelled(t.Context(), job)
		require.NoError(t, err)
		assert.Equal(t, want, cancelled)
	}
}

// testCancelRace is what cancellation rests on: of a task's insertion followed
// by a look for the mark, and a mark followed by a look for tasks, one at least
// sees the other.
func testCancelRace(t *testing.T, f *fixture) {
	for round := range 30 {
		job := fmt.Sprintf("%s-%d", f.job, round)
		task := f.task(strconv.Itoa(round))
		task.JobID = job
		var seen counter
		parallel(2, func(i int) {
			if i == 0 {
				n, err := f.CancelJob(t.Context(), job, asynctask.ReplyError{Code: "x"}, f.now, f.now.Add(time.Hour))
				assert.NoError(t, err)
				seen.add(n)
				return
			}
			_, _, err := f.InsertTask(t.Context(), task)
			assert.NoError(t, err)
			cancelled, err := f.JobCancelled(t.Context(), job)
			assert.NoError(t, err)
			if cancelled {
				seen.add(1)
			}
		})
		assert.Positive(t, seen.n)
	}
}
