package asynctask_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
)

func TestUnansweredRequestIsPublishedAgainThenFails(t *testing.T) {
	d := steps(2)
	d.Steps[0].Timeout = time.Hour
	d.Steps[0].Retry = asynctask.Retry{Attempts: 3, Backoff: time.Minute}
	w := newWorld(t, asynctask.Config{}, d)
	task := w.start("T")
	late := task.ID + "/s0/r0"
	assert.Len(t, w.requests(), 2)
	w.answer("ok", task.ID+"/s0/r1")

	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute} {
		w.clock.Advance(59 * time.Minute)
		w.sweep()
		assert.Empty(t, w.requests(), "not yet timed out")
		w.clock.Advance(time.Minute)
		w.sweep()
		assert.Empty(t, w.requests(), "backing off")
		w.clock.Advance(wait)
		w.sweep()
		assert.Equal(t, []string{late}, w.requests())
	}
	w.clock.Advance(time.Hour)
	w.sweep()
	msgs := w.bus.take()
	require.Len(t, msgs, 1)
	assert.Equal(t, "outer-replies", msgs[0].Topic)
	assert.Contains(t, string(msgs[0].Payload), `"counts":{"total":2,"ok":1,"failed":1}`)
	assert.Equal(t, 3, w.seen.count(asynctask.RequestTimedOut))

	failures, err := w.Failures(t.Context(), asynctask.RequestFilter{TaskID: task.ID})
	require.NoError(t, err)
	require.Len(t, failures, 1)
	assert.Equal(t, asynctask.CodeTimeout, failures[0].Reply.Error.Code)
	assert.Equal(t, 3, failures[0].Attempt)

	_, err = w.DispatchEvent(t.Context(), reply(late, "ok"))
	require.ErrorIs(t, err, asynctask.ErrLateReply)
	require.NoError(t, w.Replies().Notify(t.Context(), reply(late, "ok")))
	assert.Equal(t, 2, w.seen.count(asynctask.ReplyLate))
	levels, err := w.Progress(t.Context(), "job")
	require.NoError(t, err)
	assert.Equal(t, int64(2), levels[0].Late)
}

func TestRetryAtOnceWithoutBackoff(t *testing.T) {
	d := steps(1)
	d.Steps[0].Timeout = time.Minute
	d.Steps[0].Retry = asynctask.Retry{Attempts: 2}
	w := newWorld(t, asynctask.Config{}, d)
	task := w.start("T")
	w.requests()
	w.clock.Advance(time.Minute)
	w.sweep()
	assert.Equal(t, []string{task.ID + "/s0/r0"}, w.requests())
	w.answer("ok", task.ID+"/s0/r0")
	assert.Equal(t, asynctask.StateCompleted, w.task(task.ID).State)
}

func TestBackoffDoublesUpToItsBound(t *testing.T) {
	for _, c := range []struct {
		bound time.Duration
		waits []time.Duration
	}{
		{5 * time.Minute, []time.Duration{2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute}},
		{0, []time.Duration{time.Minute, time.Minute}},
	} {
		d := steps(1)
		d.Steps[0].Timeout = time.Hour
		d.Steps[0].Retry = asynctask.Retry{Attempts: 100, Backoff: 2 * time.Minute, MaxBackoff: c.bound}
		w := newWorld(t, asynctask.Config{}, d)
		w.start("T")
		w.requests()
		for _, wait := range c.waits {
			w.clock.Advance(time.Hour)
			w.sweep()
			w.clock.Advance(wait - time.Second)
			w.sweep()
			assert.Empty(t, w.requests())
			w.clock.Advance(time.Second)
			w.sweep()
			assert.Len(t, w.requests(), 1)
		}
	}
}

func TestTimeoutsSurviveRestart(t *testing.T) {
	d := steps(1)
	d.Steps[0].Timeout = time.Hour
	d.Deadline = 3 * time.Hour
	w := newWorld(t, asynctask.Config{}, d)
	task := w.start("T")
	w.clock.Advance(time.Hour)
	require.NoError(t, w.manager(asynctask.Config{}, d).Sweep(t.Context()))
	assert.Equal(t, asynctask.StateFailed, w.task(task.ID).State)
}

func TestDeadlineFailsTheTask(t *testing.T) {
	d := steps(2)
	d.Deadline = 3 * time.Hour
	w := newWorld(t, asynctask.Config{}, d)
	task := w.start("T")
	w.requests()
	w.clock.Advance(3*time.Hour - time.Second)
	w.sweep()
	assert.Equal(t, asynctask.StateRunning, w.task(task.ID).State)
	w.clock.Advance(10 * time.Second)
	require.NoError(t, w.manager(asynctask.Config{}, d).Sweep(t.Context()))
	got := w.task(task.ID)
	assert.Equal(t, asynctask.StateFailed, got.State)
	assert.Equal(t, asynctask.CodeDeadline, got.Error.Code)
	assert.Len(t, w.bus.take(), 1, "the requester is told")
	_, err := w.DispatchEvent(t.Context(), reply(task.ID+"/s0/r0", "ok"))
	assert.ErrorIs(t, err, asynctask.ErrLateReply)
}

func TestWindowBoundsWhatIsInFlight(t *testing.T) {
	d := steps(10)
	d.Steps[0].Window = 3
	w := newWorld(t, asynctask.Config{Batch: 4}, d)
	task := w.start("T")
	ids := w.requests()
	require.Len(t, ids, 3)
	_, err := w.DispatchEvent(t.Context(), reply(ids[1], "ok"))
	require.NoError(t, err)
	more := w.requests()
	assert.Equal(t, []string{task.ID + "/s0/r3"}, more, "the reply itself refills the window")

	require.NoError(t, w.SetWindow(t.Context(), task.ID, "s0", 0))
	w.answer("ok", ids[0], ids[2], more[0])
	assert.Empty(t, w.requests(), "paused")
	require.NoError(t, w.SetWindow(t.Context(), task.ID, "s0", 5))
	more = w.requests()
	assert.Len(t, more, 5)
	require.NoError(t, w.SetWindow(t.Context(), task.ID, "s0", -1))
	more = append(more, w.requests()...)
	assert.Len(t, more, 6)
	w.answer("ok", more...)
	assert.Equal(t, asynctask.StateCompleted, w.task(task.ID).State)

	require.ErrorIs(t, w.SetWindow(t.Context(), task.ID, "s0", 1), asynctask.ErrEnded)
	require.ErrorIs(t, w.SetWindow(t.Context(), task.ID, "s9", 1), asynctask.ErrUnknownStep)
	require.ErrorIs(t, w.SetWindow(t.Context(), "nobody", "s0", 1), asynctask.ErrTaskNotFound)
}

func TestWindowChangesWhileTheStepGrows(t *testing.T) {
	d := steps(0)
	var w *world
	d.Steps[0].Requests = func(ctx context.Context, task asynctask.Task) iter.Seq2[asynctask.Request, error] {
		return func(yield func(asynctask.Request, error) bool) {
			n := 0
			for r, err := range numbered(20)(ctx, task) {
				if n++; n == 5 {
					require.NoError(t, w.SetWindow(ctx, task.ID, "s0", 0))
				}
				if !yield(r, err) {
					return
				}
			}
		}
	}
	w = newWorld(t, asynctask.Config{Batch: 2}, d)
	task := w.start("T")
	assert.Len(t, w.requests(), 4, "no more after it was paused")
	require.NoError(t, w.SetWindow(t.Context(), task.ID, "s0", 9))
	assert.Len(t, w.requests(), 5)
}

func TestWindowChangesWhileItIsRefilled(t *testing.T) {
	d := steps(20)
	d.Steps[0].Window = -1
	w := newWorld(t, asynctask.Config{Batch: 2}, d)
	r, err := w.Start(t.Context(), asynctask.StartOptions{Type: "T"})
	require.NoError(t, err)
	require.NoError(t, w.SetWindow(t.Context(), r.Task.ID, "s0", 0))
	w.sweep()
	require.Empty(t, w.requests())
	published := 0
	w.bus.fail = func(*eventbus.Message) error {
		if published++; published == 3 { // the manager is asked meanwhile, by somebody else
			go func() { assert.NoError(t, w.manager(asynctask.Config{}, d).SetWindow(t.Context(), r.Task.ID, "s0", 0)) }()
			require.Eventually(t, func() bool { return w.task(r.Task.ID).Windows["s0"] == 0 }, time.Minute, time.Millisecond)
		}
		return nil
	}
	require.NoError(t, w.SetWindow(t.Context(), r.Task.ID, "s0", -1))
	assert.Len(t, w.requests(), 4)
}

func TestRequestsThatDidNotReachTheBusArePublishedAgain(t *testing.T) {
	w := newWorld(t, asynctask.Config{}, steps(4))
	broken := true
	w.bus.fail = func(msg *eventbus.Message) error {
		if broken && (msg.Key[len(msg.Key)-1]-'0')%2 == 0 {
			return errBroken
		}
		return nil
	}
	task := w.start("T")
	assert.Equal(t, []string{task.ID + "/s0/r1", task.ID + "/s0/r3"}, w.requests())
	assert.Equal(t, 1, w.seen.count(asynctask.Erred))
	broken = false
	w.clock.Advance(10 * time.Second)
	w.sweep()
	assert.ElementsMatch(t, []string{task.ID + "/s0/r0", task.ID + "/s0/r2"}, w.requests())
	w.clock.Advance(time.Hour)
	w.sweep()
	assert.Empty(t, w.requests())
}
