package asynctasktest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

func testInsertRequests(t *testing.T, f *fixture) {
	task, recs := f.filled("a", 3, 0)
	more := f.requests(task, 4)
	again := []asynctask.Record{more[2], more[3], more[3]}
	again[2].Seq = 9 // r003 twice in one batch: the first is stored
	existing, err := f.InsertRequests(t.Context(), task.ID, task.Step, again)
	require.NoError(t, err)
	require.Len(t, existing, 2)
	seqs := map[string]int64{}
	for _, r := range existing {
		seqs[r.Name] = r.Seq
	}
	assert.Equal(t, map[string]int64{"r002": 2, "r003": 3}, seqs)
	assert.Equal(t, recs[2], f.stored(recs[2]))
	all, err := f.ListRequests(t.Context(), asynctask.RequestFilter{TaskID: task.ID})
	require.NoError(t, err)
	assert.Len(t, all, 4)
}

func testRequestFields(t *testing.T, f *fixture) {
	task := f.started("a")
	want := asynctask.Record{
		TaskID: task.ID, Step: "one", Name: "a/b ' \\ ? ü", Type: task.Type, JobID: task.JobID, Seq: 3, Run: 9,
		Topic: "topic", EventType: "Event", Key: "kéy'?", Payload: []byte(`{"text":"O'Neil \\ \u0000 ? ?0"}`),
	}
	_, err := f.InsertRequests(t.Context(), task.ID, "one", []asynctask.Record{want})
	require.NoError(t, err)
	assert.Equal(t, want, f.stored(want))

	closed := f.answer(want, asynctask.RequestFailed, &asynctask.Counts{Total: 5, OK: 3, Failed: 2})
	assert.Equal(t, asynctask.Closed{Found: asynctask.FoundOpen}, closed)
	got := f.stored(want)
	require.NotNil(t, got.Reply)
	assert.Equal(t, asynctask.Reply{
		RequestID: want.ID(), JobID: f.job, Status: asynctask.StatusFailed, Timestamp: f.now,
		Error:  &asynctask.ReplyError{Code: "broken", Text: "it's \\ 'broken'"},
		Counts: &asynctask.Counts{Total: 5, OK: 3, Failed: 2},
	}, *got.Reply)
}

func testInsertNotRunning(t *testing.T, f *fixture) {
	task := f.started("a")
	_, err := f.InsertRequests(t.Context(), task.ID, "two", f.requests(task, 1))
	require.ErrorIs(t, err, asynctask.ErrNotRunning)
	_, err = f.InsertRequests(t.Context(), "nobody"+f.tag, "one", f.requests(task, 1))
	require.ErrorIs(t, err, asynctask.ErrNotRunning)
	task.State = asynctask.StateEnding
	_, err = f.UpdateTask(t.Context(), task)
	require.NoError(t, err)
	_, err = f.InsertRequests(t.Context(), task.ID, "one", f.requests(task, 1))
	require.ErrorIs(t, err, asynctask.ErrNotRunning)
}

// testInsertSealed: a fan-out that was overtaken by another, whose stream read
// something else, must not add to what that one declared complete.
func testInsertSealed(t *testing.T, f *fixture) {
	task, recs := f.filled("a", 2, 0)
	task.Sealed = true
	_, err := f.UpdateTask(t.Context(), task)
	require.NoError(t, err)
	_, err = f.InsertRequests(t.Context(), task.ID, "one", f.requests(task, 3))
	require.ErrorIs(t, err, asynctask.ErrNotRunning)
	all, err := f.ListRequests(t.Context(), asynctask.RequestFilter{TaskID: task.ID})
	require.NoError(t, err)
	assert.Equal(t, names(recs), names(all))
	assert.Len(t, f.admit(task, -1, 9), 2, "what is there is admitted")
}
