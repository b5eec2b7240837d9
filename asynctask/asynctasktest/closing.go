package asynctasktest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

func testClose(t *testing.T, f *fixture) {
	task, recs := f.filled("a", 4, 0)
	admitted := f.admit(task, 3, 3)
	admitted[0].Sent, admitted[0].SentAt = true, f.now.Add(time.Second)
	require.NoError(t, f.Reschedule(t.Context(), admitted[:1]))

	unknown := f.closing(recs[0], asynctask.RequestOK, nil)
	unknown.Name = "nobody"
	closed, err := f.CloseRequests(t.Context(), []asynctask.Closing{
		f.closing(recs[0], asynctask.RequestOK, nil),
		f.closing(recs[3], asynctask.RequestFailed, nil), // while it waits
		unknown,
		f.closing(recs[0], asynctask.RequestFailed, nil), // again, in one batch
		f.closing(recs[1], asynctask.RequestCancelled, nil),
	})
	require.NoError(t, err)
	assert.Equal(t, asynctask.Closed{Found: asynctask.FoundOpen, SentAt: f.now.Add(time.Second)}, closed[0])
	assert.Equal(t, asynctask.FoundOpen, closed[1].Found)
	assert.Equal(t, asynctask.FoundNothing, closed[2].Found)
	assert.Equal(t, asynctask.FoundAnswered, closed[3].Found)
	assert.Equal(t, asynctask.FoundOpen, closed[4].Found)
	for i, want := range []asynctask.RequestState{
		asynctask.RequestOK, asynctask.RequestCancelled, asynctask.RequestInFlight, asynctask.RequestFailed,
	} {
		assert.Equal(t, want, f.stored(recs[i]).State, i)
	}
	assert.Equal(t, asynctask.FoundAnswered, f.answer(recs[0], asynctask.RequestFailed, nil).Found)
	assert.Equal(t, asynctask.RequestOK, f.stored(recs[0]).State)
	assert.Zero(t, f.stored(recs[0]).Late)
}

func testCloseRace(t *testing.T, f *fixture) {
	_, recs := f.filled("a", 20, 20)
	var won counter
	parallel(8, func(i int) {
		for _, r := range recs {
			state := asynctask.RequestOK
			if i%2 == 1 {
				state = asynctask.RequestFailed
			}
			closed, err := f.CloseRequests(t.Context(), []asynctask.Closing{f.closing(r, state, nil)})
			if assert.NoError(t, err) && closed[0].Found == asynctask.FoundOpen {
				won.add(1)
			}
		}
	})
	assert.Equal(t, len(recs), won.n)
	levels, err := f.Progress(t.Context(), f.job)
	require.NoError(t, err)
	assert.Equal(t, int64(len(recs)), levels[0].OK+levels[0].Failed)
}

// testLastReply is what completion rests on: whoever closes and then probes
// cannot all see others' requests open.
func testLastReply(t *testing.T, f *fixture) {
	for round := range 20 {
		task, recs := f.filled(string(rune('a'+round)), 4, 4)
		var last counter
		parallel(len(recs), func(i int) {
			_, err := f.CloseRequests(t.Context(), []asynctask.Closing{f.closing(recs[i], asynctask.RequestOK, nil)})
			assert.NoError(t, err)
			open, err := f.HasOpen(t.Context(), task.ID, "one")
			if assert.NoError(t, err) && !open {
				last.add(1)
			}
		})
		assert.Positive(t, last.n)
	}
}

func testLate(t *testing.T, f *fixture) {
	_, recs := f.filled("a", 4, 4)
	timeout := asynctask.Closing{
		TaskID: recs[0].TaskID, Step: "one", Name: recs[0].Name, State: asynctask.RequestFailed,
		Reply: asynctask.Reply{Status: asynctask.StatusFailed, Error: &asynctask.ReplyError{Code: asynctask.CodeTimeout}},
	}
	late := f.closing(recs[1], asynctask.RequestOK, nil)
	late.Late = true
	closed, err := f.CloseRequests(t.Context(), []asynctask.Closing{timeout, late})
	require.NoError(t, err)
	assert.Equal(t, asynctask.FoundOpen, closed[0].Found)
	assert.Equal(t, asynctask.FoundOpen, closed[1].Found)

	got := f.stored(recs[1])
	assert.Equal(t, asynctask.RequestCancelled, got.State)
	assert.Nil(t, got.Reply, "the reply was discarded")
	assert.Equal(t, 1, got.Late)

	assert.Equal(t, asynctask.FoundClosed, f.answer(recs[0], asynctask.RequestOK, nil).Found)
	assert.Equal(t, asynctask.FoundClosed, f.answer(recs[1], asynctask.RequestOK, nil).Found)
	got = f.stored(recs[0])
	assert.Equal(t, asynctask.RequestFailed, got.State)
	assert.Equal(t, asynctask.CodeTimeout, got.Reply.Error.Code)
	assert.True(t, got.Reply.Timestamp.IsZero())
	assert.Equal(t, 1, got.Late)
	levels, err := f.Progress(t.Context(), f.job)
	require.NoError(t, err)
	assert.Equal(t, int64(3), levels[0].Late)
}

func testCloseOpen(t *testing.T, f *fixture) {
	task, recs := f.filled("a", 7, 3)
	f.answer(recs[0], asynctask.RequestOK, nil)
	_, err := f.CancelJob(t.Context(), f.job, asynctask.ReplyError{Code: "x"}, f.now, f.now.Add(time.Hour))
	require.NoError(t, err)
	var got []int
	for range 3 {
		n, err := f.CloseOpen(t.Context(), task.ID, 4)
		require.NoError(t, err)
		got = append(got, n)
	}
	assert.Equal(t, []int{4, 2, 0}, got)
	open, err := f.HasOpen(t.Context(), task.ID, "one")
	require.NoError(t, err)
	assert.False(t, open)
	assert.Equal(t, asynctask.RequestOK, f.stored(recs[0]).State)
	assert.Equal(t, asynctask.FoundClosed, f.answer(recs[1], asynctask.RequestOK, nil).Found)
	levels, err := f.Progress(t.Context(), f.job)
	require.NoError(t, err)
	assert.Equal(t, []asynctask.Level{{Type: f.typ, Step: "one", Tasks: 1, Total: 7, OK: 1, Cancelled: 6, Late: 1}}, levels)
}

func testTally(t *testing.T, f *fixture) {
	task, recs := f.filled("a", 6, 5)
	empty, err := f.Tally(t.Context(), task.ID, "two")
	require.NoError(t, err)
	assert.Zero(t, empty)
	f.answer(recs[0], asynctask.RequestOK, nil)
	f.answer(recs[1], asynctask.RequestOK, &asynctask.Counts{Total: 10, OK: 9, Failed: 1})
	f.answer(recs[2], asynctask.RequestFailed, nil)
	f.answer(recs[3], asynctask.RequestFailed, &asynctask.Counts{Total: 4, OK: 1, Failed: 3})
	f.answer(recs[4], asynctask.RequestCancelled, nil)
	got, err := f.Tally(t.Context(), task.ID, "one")
	require.NoError(t, err)
	assert.Equal(t, asynctask.Tally{Total: 6, Failed: 3, Counts: asynctask.Counts{Total: 18, OK: 11, Failed: 6}}, got)
}
