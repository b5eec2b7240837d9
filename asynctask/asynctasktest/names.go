package asynctasktest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

// oddNames are names that a query language or a path of fields could take for
// something else.
func oddNames() []string {
	return []string{
		"a.b", ".", "$set", "$a.b", "a.$[x]", "%", "_", "?0", "it's", `"`, `\`, "a b", "--", "NULL", "日本", "\n", strings.Repeat("n", 512),
	}
}

// testOddNames takes a task whose type, step, requests, trace and windows bear
// odd names through its life.
func testOddNames(t *testing.T, f *fixture) {
	for _, name := range oddNames() {
		t.Run(name[:min(len(name), 9)], func(t *testing.T) {
			g := *f
			g.t, g.job = t, f.job+name
			g.typ = name[:min(len(name), 400)] + f.tag
			task := g.task("a")
			task.Step, task.ID = name, g.tag+name[:min(len(name), 400)]
			task.TraceID = map[string]string{name: "a", "": "b", "traceparent": name}
			task.Windows = map[string]int{name: 2, "other": 3}
			livesWithName(t, &g, task, name)
		})
	}
}

func livesWithName(t *testing.T, f *fixture, task asynctask.Task, name string) {
	t.Helper()
	_, inserted, err := f.InsertTask(t.Context(), task)
	require.NoError(t, err)
	require.True(t, inserted)
	claimed := f.claimed(f.claim(f.now, 9, name))
	require.Len(t, claimed, 1)
	task.Owner, task.NextAt, task.Version = claimed[0].Owner, claimed[0].NextAt, claimed[0].Version
	assert.Equal(t, task, claimed[0])
	task.Windows[name] = 7
	task.Version, err = f.UpdateTask(t.Context(), task)
	require.NoError(t, err)
	got, err := f.Task(t.Context(), task.ID)
	require.NoError(t, err)
	assert.Equal(t, task, got)

	requestsWithName(t, f, task, name)
	n, err := f.CancelJob(t.Context(), f.job, asynctask.ReplyError{Code: name, Text: name}, f.now, f.now.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	n, err = f.CloseOpen(t.Context(), task.ID, 9)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
}

func requestsWithName(t *testing.T, f *fixture, task asynctask.Task, name string) {
	t.Helper()
	recs := f.requests(task, 3)
	recs[0].Name, recs[0].Key, recs[0].Topic, recs[0].EventType = name, name, name, name
	_, err := f.InsertRequests(t.Context(), task.ID, name, recs)
	require.NoError(t, err)
	existing, err := f.InsertRequests(t.Context(), task.ID, name, recs[:1])
	require.NoError(t, err)
	assert.Equal(t, []string{name}, names(existing))
	admitted := f.admit(task, 2, 2)
	require.Len(t, admitted, 2)
	assert.Equal(t, []string{name, name, name, name}, []string{admitted[0].Name, admitted[0].Key, admitted[0].Topic, admitted[0].EventType})
	assert.Len(t, f.due(f.claim(f.now.Add(time.Hour), 9, name)), 2)
	admitted[0].Sent = true
	require.NoError(t, f.Reschedule(t.Context(), admitted[:1]))
	assert.True(t, f.stored(recs[0]).Sent)
	assert.Equal(t, asynctask.FoundOpen, f.answer(recs[0], asynctask.RequestOK, nil).Found)
	assert.Equal(t, asynctask.FoundAnswered, f.answer(recs[0], asynctask.RequestOK, nil).Found)

	tally, err := f.Tally(t.Context(), task.ID, name)
	require.NoError(t, err)
	assert.Equal(t, int64(3), tally.Total)
	levels, err := f.Progress(t.Context(), f.job)
	require.NoError(t, err)
	assert.Equal(t, []asynctask.Level{{Type: f.typ, Step: name, Tasks: 1, Growing: 1, Total: 3, InFlight: 1, OK: 1}}, levels)
	unfinished, err := f.Unfinished(t.Context())
	require.NoError(t, err)
	assert.Equal(t, asynctask.Unfinished{Tasks: 1, Open: 2}, unfinished[asynctask.Scope{Type: f.typ, Step: name}])
	tasks, err := f.ListTasks(t.Context(), asynctask.TaskFilter{JobID: f.job, Type: f.typ})
	require.NoError(t, err)
	assert.Len(t, tasks, 1)
}
