package asynctasktest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

func testAdmit(t *testing.T, f *fixture) {
	task, recs := f.filled("a", 6, 0)
	got := f.admit(task, 3, 2)
	assert.Equal(t, []string{"r000", "r001"}, names(got))
	assert.Equal(t, asynctask.RequestInFlight, got[0].State)
	assert.Equal(t, 1, got[0].Attempt)
	assert.False(t, got[0].Sent)
	assert.Equal(t, f.now, got[0].SentAt)
	assert.Equal(t, f.now.Add(time.Minute), got[0].NextAt)
	assert.JSONEq(t, string(recs[0].Payload), string(got[0].Payload))
	assert.Equal(t, []string{"r002"}, names(f.admit(task, 3, 9)))
	assert.Empty(t, f.admit(task, 3, 9), "the window is full")

	f.answer(recs[1], asynctask.RequestOK, nil)
	assert.Equal(t, []string{"r003"}, names(f.admit(task, 3, 9)), "a reply makes room")
	assert.Empty(t, f.admit(task, 1, 9), "a smaller window admits none until it is met")
	_, waiting, err := f.Admit(t.Context(), f.admission(task, 1, 9))
	require.NoError(t, err)
	assert.True(t, waiting)
	assert.Equal(t, []string{"r004"}, names(f.admit(task, -7, 1)), "no bound but the limit")
	assert.Equal(t, []string{"r005"}, names(f.admit(task, -1, 9)), "no bound")
	got, waiting, err = f.Admit(t.Context(), f.admission(task, -1, 9))
	require.NoError(t, err)
	assert.Empty(t, got)
	assert.False(t, waiting)
}

func names(recs []asynctask.Record) []string {
	var out []string
	for _, r := range recs {
		out = append(out, r.Name)
	}
	return out
}

func testAdmitRace(t *testing.T, f *fixture) {
	const window = 7
	task, _ := f.filled("a", 60, 0)
	var mu sync.Mutex
	seen := map[string]int{}
	var inFlight counter
	parallel(8, func(int) {
		for range 40 {
			got, _, err := f.Admit(t.Context(), f.admission(task, window, 3))
			if !assert.NoError(t, err) {
				return
			}
			assert.LessOrEqual(t, inFlight.add(len(got)), window)
			for _, r := range got {
				mu.Lock()
				seen[r.Name]++
				mu.Unlock()
				inFlight.add(-1) // before the close: the count here may only be too low
				_, err := f.CloseRequests(t.Context(), []asynctask.Closing{f.closing(r, asynctask.RequestOK, nil)})
				assert.NoError(t, err)
			}
		}
	})
	for range 60 { // others may have looked while the window was full
		for _, r := range f.admit(task, window, window) {
			seen[r.Name]++
			f.answer(r, asynctask.RequestOK, nil)
		}
	}
	assert.Len(t, seen, 60)
	for name, n := range seen {
		assert.Equal(t, 1, n, name)
	}
}

func testAdmitEnded(t *testing.T, f *fixture) {
	task, _ := f.filled("a", 3, 0)
	n, err := f.CancelJob(t.Context(), f.job, asynctask.ReplyError{Code: "x"}, f.now, f.now.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	assert.Empty(t, f.admit(task, 3, 3))
}

func (f *fixture) due(c asynctask.Claim) []asynctask.Record {
	f.t.Helper()
	recs, err := f.ClaimRequests(f.t.Context(), c)
	require.NoError(f.t, err)
	return recs
}

func testClaimRequests(t *testing.T, f *fixture) {
	task, _ := f.filled("a", 4, 0)
	recs := f.admit(task, 3, 3)
	at := f.now.Add(time.Minute)
	assert.Empty(t, f.due(f.claim(at.Add(-time.Second), 9, "one")), "not yet due")
	assert.Empty(t, f.due(f.claim(at, 9, "two")), "another step")

	recs[0].Sent, recs[0].SentAt, recs[0].NextAt = true, f.now, time.Time{}
	recs[1].Sent, recs[1].SentAt, recs[1].Attempt, recs[1].NextAt = true, f.now, 2, f.now.Add(time.Hour)
	require.NoError(t, f.Reschedule(t.Context(), recs[:2]))
	assert.Equal(t, recs[0], f.stored(recs[0]))
	assert.Equal(t, recs[1], f.stored(recs[1]))

	due := f.due(f.claim(at, 9, "one"))
	require.Equal(t, []string{"r002"}, names(due), "r000 is never due, r001 later, r003 waits")
	assert.False(t, due[0].Sent)
	assert.Equal(t, at.Add(time.Minute), due[0].NextAt)
	assert.Empty(t, f.due(f.claim(at, 9, "one")), "claimed")
	assert.Len(t, f.due(f.claim(f.now.Add(2*time.Hour), 9, "one")), 2)

	f.answer(recs[1], asynctask.RequestOK, nil)
	require.NoError(t, f.Reschedule(t.Context(), recs[1:2]))
	assert.Equal(t, asynctask.RequestOK, f.stored(recs[1]).State, "a closed request is left alone")
	assert.Equal(t, []string{"r002"}, names(f.due(f.claim(f.now.Add(9*time.Hour), 9, "one"))))
}

func testClaimRequestsRace(t *testing.T, f *fixture) {
	const requests = 200
	f.filled("a", requests, requests)
	var mu sync.Mutex
	seen := map[string]int{}
	at := f.now.Add(time.Minute)
	parallel(16, func(int) {
		for {
			got, err := f.ClaimRequests(t.Context(), f.claim(at, 3, "one"))
			if !assert.NoError(t, err) || len(got) == 0 {
				return
			}
			mu.Lock()
			for _, r := range got {
				seen[r.Name]++
			}
			mu.Unlock()
		}
	})
	for _, r := range f.due(f.claim(at, requests, "one")) {
		seen[r.Name]++
	}
	assert.Len(t, seen, requests)
	for name, n := range seen {
		assert.Equal(t, 1, n, name)
	}
}

func testParked(t *testing.T, f *fixture) {
	task, _ := f.filled("a", 1, 0)
	rec := f.admit(task, 1, 1)[0]
	rec.Sent, rec.SentAt, rec.NextAt = true, f.now, f.now
	rec.Reply = &asynctask.Reply{
		RequestID: rec.ID(), JobID: f.job, Status: asynctask.StatusOK, EventType: "Reply", Timestamp: f.now,
		Counts: &asynctask.Counts{Total: 2, OK: 2}, Payload: []byte(`{"status":"ok","extra":1}`),
	}
	require.NoError(t, f.Reschedule(t.Context(), []asynctask.Record{rec}))
	due := f.due(f.claim(f.now, 1, "one"))
	require.Len(t, due, 1)
	assert.Equal(t, *rec.Reply, *due[0].Reply)
	open, err := f.HasOpen(t.Context(), task.ID, "one")
	require.NoError(t, err)
	assert.True(t, open)
	assert.Equal(t, asynctask.FoundOpen, f.answer(rec, asynctask.RequestOK, nil).Found)
	assert.Nil(t, f.stored(rec).Reply.Counts, "the closing reply replaces the parked one")
}

func testHasOpen(t *testing.T, f *fixture) {
	task, recs := f.filled("a", 2, 1)
	for i, want := range []bool{true, true, false} {
		open, err := f.HasOpen(t.Context(), task.ID, "one")
		require.NoError(t, err)
		assert.Equal(t, want, open, "after %d replies", i)
		if i < 2 {
			f.answer(recs[1-i], asynctask.RequestOK, nil) // the waiting one first
		}
	}
	open, err := f.HasOpen(t.Context(), task.ID, "two")
	require.NoError(t, err)
	assert.False(t, open)
	assert.Empty(t, f.admit(task, -1, 9), "one that was answered while it waited is not published")
}

func testListRequests(t *testing.T, f *fixture) {
	task, recs := f.filled("a", 5, 5)
	f.answer(recs[1], asynctask.RequestFailed, nil)
	f.answer(recs[3], asynctask.RequestCancelled, nil)
	f.answer(recs[4], asynctask.RequestOK, nil)
	failed := []asynctask.RequestState{asynctask.RequestFailed, asynctask.RequestCancelled}
	for _, c := range []struct {
		name   string
		filter asynctask.RequestFilter
		want   []string
	}{
		{"all", asynctask.RequestFilter{}, []string{"r000", "r001", "r002", "r003", "r004"}},
		{"step", asynctask.RequestFilter{Step: "two"}, nil},
		{"states", asynctask.RequestFilter{States: failed}, []string{"r001", "r003"}},
		{"open", asynctask.RequestFilter{States: []asynctask.RequestState{asynctask.RequestInFlight}}, []string{"r000", "r002"}},
		{"page", asynctask.RequestFilter{Step: "one", AfterStep: "one", AfterName: "r001", Limit: 2}, []string{"r002", "r003"}},
		{"failed page", asynctask.RequestFilter{States: failed, AfterStep: "one", AfterName: "r001"}, []string{"r003"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.filter.TaskID = task.ID
			got, err := f.ListRequests(t.Context(), c.filter)
			require.NoError(t, err)
			assert.Equal(t, c.want, names(got))
		})
	}
}
