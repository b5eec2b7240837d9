package asynctasktest

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

func testInsertTask(t *testing.T, f *fixture) {
	first := f.started("a")
	second := f.task("a")
	second.Step = "two"
	got, inserted, err := f.InsertTask(t.Context(), second)
	require.NoError(t, err)
	assert.False(t, inserted)
	assert.Equal(t, first, got)
	_, err = f.Task(t.Context(), "nobody"+f.tag)
	assert.ErrorIs(t, err, asynctask.ErrTaskNotFound)
}

func testTaskFields(t *testing.T, f *fixture) {
	want := f.task("a")
	want.State, want.Outcome = asynctask.StateEnding, asynctask.StateFailed
	want.Error = &asynctask.ReplyError{Code: "code", Text: "it's \"text\" — 日本 \\n ?"}
	want.RequestID, want.ReplyTopic, want.Owner = "Other_1/step/x?", "replies", "me"
	want.Payload = []byte(`{"name":"O'Neil ?","n":1}`)
	want.TraceID = map[string]string{"traceparent": "00-1-2-01"}
	want.Windows = map[string]int{"one": 5, "two": -1}
	want.Counts = asynctask.Counts{Total: 3, OK: 2, Failed: 1}
	want.Sealed, want.Answered, want.Version = true, true, 7
	for i, at := range []*time.Time{&want.Deadline, &want.UpdatedAt, &want.EndedAt, &want.ExpireAt, &want.NextAt} {
		*at = f.now.Add(time.Duration(i) * time.Hour)
	}
	_, _, err := f.InsertTask(t.Context(), want)
	require.NoError(t, err)
	got, err := f.Task(t.Context(), want.ID)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	zero := f.task("b")
	zero.NextAt = time.Time{}
	got, _, err = f.InsertTask(t.Context(), zero)
	require.NoError(t, err)
	assert.Equal(t, zero, got)
	got, err = f.Task(t.Context(), zero.ID)
	require.NoError(t, err)
	assert.Equal(t, zero, got)
}

func testUpdateTask(t *testing.T, f *fixture) {
	task := f.started("a")
	task.Step, task.Sealed = "two", true
	version, err := f.UpdateTask(t.Context(), task)
	require.NoError(t, err)
	assert.Greater(t, version, task.Version)

	_, err = f.UpdateTask(t.Context(), task)
	require.ErrorIs(t, err, asynctask.ErrConflict)
	_, err = f.UpdateTask(t.Context(), f.task("nobody"))
	require.ErrorIs(t, err, asynctask.ErrTaskNotFound)

	task.Version = version
	got, err := f.Task(t.Context(), task.ID)
	require.NoError(t, err)
	assert.Equal(t, task, got)

	var won counter
	parallel(8, func(int) {
		if _, err := f.UpdateTask(t.Context(), task); err == nil {
			won.add(1)
		} else {
			assert.ErrorIs(t, err, asynctask.ErrConflict)
		}
	})
	assert.Equal(t, 1, won.n)
}

func testClaimTasks(t *testing.T, f *fixture) {
	for i, name := range []string{"c", "b", "a"} { // c is due longest
		task := f.task(name)
		task.NextAt = f.now.Add(time.Duration(i) * time.Second)
		_, _, err := f.InsertTask(t.Context(), task)
		require.NoError(t, err)
	}
	other := f.task("other")
	other.Step = "two"
	never := f.task("never")
	never.NextAt = time.Time{}
	for _, task := range []asynctask.Task{other, never} {
		_, _, err := f.InsertTask(t.Context(), task)
		require.NoError(t, err)
	}

	assert.Empty(t, f.claimed(f.claim(f.now.Add(-time.Second), 9, "one")), "before it is due")
	assert.Empty(t, f.claimed(f.claim(f.now.Add(time.Hour), 9)), "no scope")
	first := f.claimed(f.claim(f.now.Add(time.Second), 1, "one"))
	require.Len(t, first, 1)
	assert.Equal(t, f.task("c").ID, first[0].ID)
	assert.Equal(t, "owner", first[0].Owner)
	assert.Equal(t, f.now.Add(61*time.Second), first[0].NextAt)
	assert.Greater(t, first[0].Version, int64(1))

	second := f.claimed(f.claim(f.now.Add(time.Second), 9, "one"))
	require.Len(t, second, 1)
	assert.Equal(t, f.task("b").ID, second[0].ID)
	assert.Len(t, f.claimed(f.claim(f.now.Add(time.Hour), 9, "one", "two")), 4)
}

func (f *fixture) claimed(c asynctask.Claim) []asynctask.Task {
	f.t.Helper()
	tasks, err := f.ClaimTasks(f.t.Context(), c)
	require.NoError(f.t, err)
	return tasks
}

func testClaimTasksRace(t *testing.T, f *fixture) {
	const tasks, workers = 200, 16
	for i := range tasks {
		f.started(fmt.Sprintf("%03d", i))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	parallel(workers, func(int) {
		for {
			got, err := f.ClaimTasks(t.Context(), f.claim(f.now, 3, "one"))
			if !assert.NoError(t, err) || len(got) == 0 {
				return
			}
			mu.Lock()
			for _, task := range got {
				seen[task.ID]++
			}
			mu.Unlock()
		}
	})
	// A store may overlook rows that others hold: what is left is due still.
	for _, task := range f.claimed(f.claim(f.now, tasks, "one")) {
		seen[task.ID]++
	}
	assert.Len(t, seen, tasks)
	for id, n := range seen {
		assert.Equal(t, 1, n, id)
	}
}

func testRenewTask(t *testing.T, f *fixture) {
	task := f.started("a")
	require.ErrorIs(t, f.RenewTask(t.Context(), task.ID, "owner", f.now), asynctask.ErrConflict)
	claimed := f.claimed(f.claim(f.now, 1, "one"))
	require.Len(t, claimed, 1)
	require.NoError(t, f.RenewTask(t.Context(), task.ID, "owner", f.now.Add(time.Hour)))
	require.ErrorIs(t, f.RenewTask(t.Context(), task.ID, "thief", f.now), asynctask.ErrConflict)
	got, err := f.Task(t.Context(), task.ID)
	require.NoError(t, err)
	assert.Equal(t, f.now.Add(time.Hour), got.NextAt)
	assert.Equal(t, claimed[0].Version, got.Version)
}

func testListTasks(t *testing.T, f *fixture) {
	for i := range 5 {
		task := f.task(strconv.Itoa(i))
		task.CreatedAt = f.now.Add(time.Duration(i) * time.Minute)
		if i%2 == 1 {
			task.State = asynctask.StateFailed
		}
		if i == 4 {
			task.JobID, task.Type = "other"+f.tag, "Other"+f.tag
		}
		_, _, err := f.InsertTask(t.Context(), task)
		require.NoError(t, err)
	}
	id := func(i int) string { return f.task(strconv.Itoa(i)).ID }
	for _, c := range []struct {
		name   string
		filter asynctask.TaskFilter
		want   []string
	}{
		{"job", asynctask.TaskFilter{JobID: f.job}, []string{id(0), id(1), id(2), id(3)}},
		{"type", asynctask.TaskFilter{Type: "Other" + f.tag}, []string{id(4)}},
		{"state", asynctask.TaskFilter{JobID: f.job, States: []asynctask.State{asynctask.StateFailed, asynctask.StateEnding}}, []string{id(1), id(3)}},
		{"time", asynctask.TaskFilter{JobID: f.job, CreatedFrom: f.now.Add(time.Minute), CreatedBefore: f.now.Add(3 * time.Minute)}, []string{id(1), id(2)}},
		{"page", asynctask.TaskFilter{JobID: f.job, After: id(0), Limit: 2}, []string{id(1), id(2)}},
		{"end", asynctask.TaskFilter{JobID: f.job, After: id(3)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tasks, err := f.ListTasks(t.Context(), c.filter)
			require.NoError(t, err)
			var got []string
			for _, task := range tasks {
				got = append(got, task.ID)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func testUnfinished(t *testing.T, f *fixture) {
	_, recs := f.filled("a", 5, 3)
	f.answer(recs[0], asynctask.RequestOK, nil)
	f.started("b")
	ended := f.task("c")
	ended.NextAt = time.Time{}
	_, _, err := f.InsertTask(t.Context(), ended)
	require.NoError(t, err)
	got, err := f.Unfinished(t.Context())
	require.NoError(t, err)
	assert.Equal(t, asynctask.Unfinished{Tasks: 2, Open: 4}, got[asynctask.Scope{Type: f.typ, Step: "one"}])
}

func testDeleteExpired(t *testing.T, f *fixture) {
	task, _ := f.filled("old", 25, 0)
	task.State, task.ExpireAt, task.NextAt = asynctask.StateCompleted, f.now.Add(time.Hour), time.Time{}
	_, err := f.UpdateTask(t.Context(), task)
	require.NoError(t, err)
	kept := f.started("young")
	_, err = f.CancelJob(t.Context(), "gone"+f.tag, asynctask.ReplyError{Code: "x"}, f.now, f.now.Add(time.Hour))
	require.NoError(t, err)

	n, err := f.DeleteExpired(t.Context(), f.now.Add(time.Minute), 10)
	require.NoError(t, err)
	assert.Zero(t, n)
	for range 10 {
		if n, err = f.DeleteExpired(t.Context(), f.now.Add(time.Hour), 10); n == 0 || err != nil {
			break
		}
	}
	require.NoError(t, err)
	assert.Zero(t, n)
	_, err = f.Task(t.Context(), task.ID)
	require.ErrorIs(t, err, asynctask.ErrTaskNotFound)
	recs, err := f.ListRequests(t.Context(), asynctask.RequestFilter{TaskID: task.ID})
	require.NoError(t, err)
	assert.Empty(t, recs)
	cancelled, err := f.JobCancelled(t.Context(), "gone"+f.tag)
	require.NoError(t, err)
	assert.False(t, cancelled)
	_, err = f.Task(t.Context(), kept.ID)
	require.NoError(t, err)
}
