package usecase_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rssync/domain"
	"github.com/hexplane/hexplane/services/rssync/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const isp = "isp-1"

var errCrash = errors.New("crash")

// fakeTasks remembers tasks, and crashes when told to.
type fakeTasks struct {
	mu        sync.Mutex
	tasks     map[string]asynctask.Task
	cancelled []string
	crash     bool
}

func (f *fakeTasks) Start(_ context.Context, opt asynctask.StartOptions) (asynctask.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crash {
		return asynctask.Result{}, errCrash
	}
	_, existing := f.tasks[opt.ID]
	f.tasks[opt.ID] = asynctask.Task{ID: opt.ID, JobID: opt.JobID, Payload: opt.Payload}
	return asynctask.Result{Existing: existing}, nil
}

func (f *fakeTasks) CancelJob(_ context.Context, jobID string) error {
	if f.crash {
		return errCrash
	}
	f.cancelled = append(f.cancelled, jobID)
	return nil
}

func (f *fakeTasks) Task(_ context.Context, id string) (asynctask.Task, error) {
	return f.tasks[id], nil
}

func (f *fakeTasks) Tasks(context.Context, asynctask.TaskFilter) ([]asynctask.Task, error) {
	return nil, nil
}

func (f *fakeTasks) Failures(context.Context, asynctask.RequestFilter) ([]asynctask.Record, error) {
	return nil, nil
}

func (f *fakeTasks) Progress(context.Context, string) ([]asynctask.Level, error) { return nil, nil }

type fixture struct {
	docs   *docstore.Store
	bus    *docstoretest.Recorder
	tables usecase.Tables
	tasks  *fakeTasks
	jobs   *usecase.Jobs
}

func newFixture() *fixture {
	f := &fixture{bus: &docstoretest.Recorder{}, tasks: &fakeTasks{tasks: map[string]asynctask.Task{}}}
	f.docs = docstore.New(docstoretest.NewMemory(), f.bus, docstore.Config{})
	f.tables = usecase.Tables{
		Jobs: docstore.NewCollection(f.docs, "jobs",
			docstore.IndexBy(usecase.FieldISP, func(j domain.Job) string { return j.ISPID })),
		Slots: docstore.NewCollection[domain.Slot](f.docs, "slots"),
	}
	f.jobs = usecase.NewJobs(f.tables, f.tasks, time.Now)
	return f
}

// end ends a job as its task's hook does.
func (f *fixture) end(t *testing.T, id string, outcome asynctask.Outcome) {
	t.Helper()
	definition := usecase.Definition(f.tables.Jobs, time.Hour, time.Now)
	require.NoError(t, definition.OnEnd(t.Context(), asynctask.Task{ID: id, JobID: id}, outcome))
}

func (f *fixture) state(t *testing.T, id string) domain.State {
	t.Helper()
	view, err := f.jobs.Get(t.Context(), isp, id)
	require.NoError(t, err)
	return view.State
}

func TestOneJobPerISP(t *testing.T) {
	f := newFixture()
	started := make(chan string, 16)
	var wg sync.WaitGroup
	for range cap(started) {
		wg.Go(func() {
			id, err := f.jobs.Start(t.Context(), isp, "")
			if err == nil {
				started <- id
				return
			}
			assert.ErrorIs(t, err, usecase.ErrRunning)
		})
	}
	wg.Wait()
	close(started)
	require.Len(t, started, 1)
	id := <-started
	assert.Len(t, f.tasks.tasks, 1)
	_, err := f.jobs.Start(t.Context(), "isp-2", "")
	require.NoError(t, err, "another ISP's")

	f.end(t, id, asynctask.Outcome{Status: asynctask.StatusOK})
	next, err := f.jobs.Start(t.Context(), isp, "")
	require.NoError(t, err)
	assert.Greater(t, next, id, "ids grow with time")
	jobs, err := f.jobs.List(t.Context(), isp, "", 10)
	require.NoError(t, err)
	require.Len(t, jobs, 2)
	assert.Equal(t, id, jobs[0].JobID)
}

func TestRepeatedStartIsAnsweredLikeTheFirst(t *testing.T) {
	f := newFixture()
	first, err := f.jobs.Start(t.Context(), isp, "key")
	require.NoError(t, err)
	again, err := f.jobs.Start(t.Context(), isp, "key")
	require.NoError(t, err, "while it runs")
	assert.Equal(t, first, again)
	_, err = f.jobs.Start(t.Context(), isp, "other")
	require.ErrorIs(t, err, usecase.ErrRunning)

	f.end(t, first, asynctask.Outcome{Status: asynctask.StatusOK})
	again, err = f.jobs.Start(t.Context(), isp, "key")
	require.NoError(t, err, "when it has ended")
	assert.Equal(t, first, again)
	next, err := f.jobs.Start(t.Context(), isp, "other")
	require.NoError(t, err)
	assert.NotEqual(t, first, next)
	assert.Len(t, f.tasks.tasks, 2)
}

func TestCrashBetweenSlotAndTask(t *testing.T) {
	for name, again := range map[string]func(*testing.T, *fixture){
		"recovered at start": func(t *testing.T, f *fixture) { require.NoError(t, f.jobs.Recover(t.Context())) },
		"asked for again": func(t *testing.T, f *fixture) {
			_, err := f.jobs.Start(t.Context(), isp, "")
			require.ErrorIs(t, err, usecase.ErrRunning)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture()
			f.tasks.crash = true
			_, err := f.jobs.Start(t.Context(), isp, "")
			require.ErrorIs(t, err, errCrash)
			f.tasks.crash = false
			again(t, f)
			require.Len(t, f.tasks.tasks, 1)
			for id, task := range f.tasks.tasks {
				assert.Equal(t, domain.Running, f.state(t, id))
				assert.JSONEq(t, `{"isp_id":"isp-1"}`, string(task.Payload))
			}
		})
	}
}

func TestEnds(t *testing.T) {
	late := &asynctask.ReplyError{Code: asynctask.CodeDeadline}
	tests := map[string]struct {
		outcome asynctask.Outcome
		want    domain.State
		told    []string
	}{
		"all applied":      {asynctask.Outcome{Status: asynctask.StatusOK, Counts: asynctask.Counts{Total: 2, OK: 2}}, domain.Completed, nil},
		"some not applied": {asynctask.Outcome{Status: asynctask.StatusOK, Counts: asynctask.Counts{Total: 2, OK: 1, Failed: 1}}, domain.Failed, nil},
		"cancelled":        {asynctask.Outcome{Status: asynctask.StatusCancelled}, domain.Cancelled, nil},
		"too late":         {asynctask.Outcome{Status: asynctask.StatusFailed, Error: late}, domain.Failed, []string{rsevent.TypeRSCancelSync, rsevent.TypeRSCancelSync}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture()
			id, err := f.jobs.Start(t.Context(), isp, "")
			require.NoError(t, err)
			f.end(t, id, tt.outcome)
			assert.Equal(t, tt.want, f.state(t, id))
			f.end(t, id, asynctask.Outcome{Status: asynctask.StatusCancelled})
			assert.Equal(t, tt.want, f.state(t, id), "the end is final")
			require.NoError(t, f.docs.Flush(t.Context()))
			assert.Equal(t, tt.told, f.bus.Types())
			require.ErrorIs(t, f.jobs.Cancel(t.Context(), isp, id), usecase.ErrEnded)
		})
	}
}

func TestCancelTellsTheOtherServicesLast(t *testing.T) {
	f := newFixture()
	id, err := f.jobs.Start(t.Context(), isp, "")
	require.NoError(t, err)
	require.ErrorIs(t, f.jobs.Cancel(t.Context(), "isp-2", id), usecase.ErrNotFound)
	f.tasks.crash = true
	require.ErrorIs(t, f.jobs.Cancel(t.Context(), isp, id), errCrash)
	require.NoError(t, f.docs.Flush(t.Context()))
	assert.Empty(t, f.bus.Messages(), "nobody is told before our own task has ended")
	f.tasks.crash = false

	require.NoError(t, f.jobs.Recover(t.Context()))
	assert.Equal(t, []string{id}, f.tasks.cancelled)
	require.NoError(t, f.docs.Flush(t.Context()))
	topics := map[string]string{}
	for _, m := range f.bus.Take() {
		topics[m.Topic] = m.EventType
		var e rsevent.RSCancelSync
		require.NoError(t, json.Unmarshal(m.Payload, &e))
		assert.Equal(t, id, e.JobID)
	}
	assert.Equal(t, map[string]string{
		rsevent.TopicAgentsRequest: rsevent.TypeRSCancelSync, rsevent.TopicClientRequest: rsevent.TypeRSCancelSync,
	}, topics)
	require.NoError(t, f.jobs.Cancel(t.Context(), isp, id), "again is harmless")
}
