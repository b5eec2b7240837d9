package asynctasktest

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

// TestStore runs the conformance suite. open returns a store that is empty, or
// at least holds none of the ids, types and jobs of this run, which all contain
// the test's time of start.
func TestStore(t *testing.T, open func(t *testing.T) asynctask.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, f *fixture)
	}{
		{"tasks are inserted once", testInsertTask},
		{"tasks keep every field", testTaskFields},
		{"tasks change by compare-and-set", testUpdateTask},
		{"due tasks are claimed", testClaimTasks},
		{"a task is claimed once", testClaimTasksRace},
		{"claims are renewed by their owner", testRenewTask},
		{"names may contain anything but a slash and NUL", testOddNames},
		{"tasks are listed", testListTasks},
		{"unfinished tasks are counted per step", testUnfinished},
		{"requests are inserted once", testInsertRequests},
		{"requests keep every field", testRequestFields},
		{"requests are inserted into the running step only", testInsertNotRunning},
		{"nothing is inserted into a sealed step", testInsertSealed},
		{"the window admits in order", testAdmit},
		{"the window holds under concurrency", testAdmitRace},
		{"nothing is admitted once the task ended", testAdmitEnded},
		{"no more payload is admitted or claimed than asked for", testBytes},
		{"requests in flight are rescheduled and claimed when due", testClaimRequests},
		{"a due request is claimed once", testClaimRequestsRace},
		{"a parked reply comes back with its request", testParked},
		{"requests close once", testClose},
		{"of racing replies one closes", testCloseRace},
		{"the last of racing replies sees none open", testLastReply},
		{"late replies are discarded and counted", testLate},
		{"open requests are probed", testHasOpen},
		{"leftovers are closed", testCloseOpen},
		{"tallies count records and what they stand for", testTally},
		{"requests are listed", testListRequests},
		{"progress sums up a job", testProgress},
		{"progress tells of steps in the order they appeared", testProgressOrder},
		{"a job is cancelled", testCancelJob},
		{"a task that races its job's cancellation is found or finds it", testCancelRace},
		{"expired tasks are deleted", testDeleteExpired},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newFixture(t, open(t))) })
	}
}

// fixture is a store and names that no other test uses.
type fixture struct {
	asynctask.Store
	t   *testing.T
	tag string
	now time.Time
	job string
	typ string
}

func newFixture(t *testing.T, s asynctask.Store) *fixture {
	tag := fmt.Sprintf("%x", time.Now().UnixNano())
	return &fixture{
		Store: s, t: t, tag: tag, job: "job" + tag, typ: "Type" + tag,
		now: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC),
	}
}

// task returns a task, not yet stored, that runs step "one" and is due.
func (f *fixture) task(name string) asynctask.Task {
	return asynctask.Task{
		ID: f.typ + "_" + name, Type: f.typ, Step: "one", State: asynctask.StateRunning, JobID: f.job,
		Version: 1, NextAt: f.now, CreatedAt: f.now, UpdatedAt: f.now,
	}
}

// started stores a task.
func (f *fixture) started(name string) asynctask.Task {
	f.t.Helper()
	t, inserted, err := f.InsertTask(f.t.Context(), f.task(name))
	require.NoError(f.t, err)
	require.True(f.t, inserted)
	return t
}

// requests returns n requests of the task's step, named r000, r001, ...
func (f *fixture) requests(t asynctask.Task, n int) []asynctask.Record {
	recs := make([]asynctask.Record, n)
	for i := range recs {
		recs[i] = asynctask.Record{
			TaskID: t.ID, Step: t.Step, Name: fmt.Sprintf("r%03d", i), Type: t.Type, JobID: t.JobID, Seq: int64(i), Run: 1,
			Topic: "topic", EventType: "Event", Payload: []byte(`{"n":` + strconv.Itoa(i) + `}`),
		}
	}
	return recs
}

// filled stores a task with n requests, of which the first inFlight are admitted.
func (f *fixture) filled(name string, n, inFlight int) (asynctask.Task, []asynctask.Record) {
	f.t.Helper()
	t := f.started(name)
	recs := f.requests(t, n)
	existing, err := f.InsertRequests(f.t.Context(), t.ID, t.Step, recs)
	require.NoError(f.t, err)
	require.Empty(f.t, existing)
	if inFlight > 0 {
		f.admit(t, inFlight, inFlight)
	}
	return t, recs
}

func (f *fixture) admit(t asynctask.Task, window, limit int) []asynctask.Record {
	f.t.Helper()
	recs, _, err := f.Admit(f.t.Context(), f.admission(t, window, limit))
	require.NoError(f.t, err)
	return recs
}

func (f *fixture) admission(t asynctask.Task, window, limit int) asynctask.Admission {
	return asynctask.Admission{TaskID: t.ID, Step: t.Step, Window: window, Limit: limit, Now: f.now, Until: f.now.Add(time.Minute)}
}

// answer closes one request with a reply and tells what was found.
func (f *fixture) answer(r asynctask.Record, state asynctask.RequestState, counts *asynctask.Counts) asynctask.Closed {
	f.t.Helper()
	closed, err := f.CloseRequests(f.t.Context(), []asynctask.Closing{f.closing(r, state, counts)})
	require.NoError(f.t, err)
	require.Len(f.t, closed, 1)
	return closed[0]
}

func (f *fixture) closing(r asynctask.Record, state asynctask.RequestState, counts *asynctask.Counts) asynctask.Closing {
	reply := asynctask.Reply{RequestID: r.ID(), JobID: r.JobID, Status: asynctask.StatusOK, Counts: counts, Timestamp: f.now}
	switch state {
	case asynctask.RequestFailed:
		reply.Status, reply.Error = asynctask.StatusFailed, &asynctask.ReplyError{Code: "broken", Text: "it's \\ 'broken'"}
	case asynctask.RequestCancelled:
		reply.Status = asynctask.StatusCancelled
	default:
	}
	return asynctask.Closing{TaskID: r.TaskID, Step: r.Step, Name: r.Name, State: state, Reply: reply}
}

func (f *fixture) claim(at time.Time, limit int, steps ...string) asynctask.Claim {
	c := asynctask.Claim{Owner: "owner", Now: at, Until: at.Add(time.Minute), Limit: limit}
	for _, s := range steps {
		c.Scopes = append(c.Scopes, asynctask.Scope{Type: f.typ, Step: s})
	}
	return c
}

// list returns one request as stored.
func (f *fixture) stored(r asynctask.Record) asynctask.Record {
	f.t.Helper()
	recs, err := f.ListRequests(f.t.Context(), asynctask.RequestFilter{TaskID: r.TaskID, Step: r.Step, Limit: 1000})
	require.NoError(f.t, err)
	for _, rec := range recs {
		if rec.Name == r.Name {
			return rec
		}
	}
	require.Failf(f.t, "not stored", "request %s", r.ID())
	return r
}
