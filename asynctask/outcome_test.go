package asynctask_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
)

func TestPolicyDecidesWhatFailuresMean(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy asynctask.FailurePolicy
		passes []bool // with 0, 1, 2, 3 and 4 of 4 failed
	}{
		{"default", nil, []bool{true, false, false, false, false}},
		{"all", asynctask.AllSucceed(), []bool{true, false, false, false, false}},
		{"any", asynctask.AnySucceeds(), []bool{true, true, true, true, false}},
		{"at most 2", asynctask.AtMost(2), []bool{true, true, true, false, false}},
		{"at most 25 percent", asynctask.AtMostPercent(25), []bool{true, true, false, false, false}},
		{"at most 100 percent", asynctask.AtMostPercent(100), []bool{true, true, true, true, true}},
	} {
		for failed, passes := range c.passes {
			t.Run(fmt.Sprint(c.name, " of ", failed), func(t *testing.T) {
				d := steps(4, 1)
				d.Steps[0].Policy = c.policy
				w := newWorld(t, asynctask.Config{}, d)
				task := w.start("T")
				w.requests()
				for i := range 4 {
					status := "ok"
					if i < failed {
						status = []string{"failed", "cancelled"}[i%2]
					}
					w.answer(status, fmt.Sprintf("%s/s0/r%d", task.ID, i))
				}
				msgs := w.bus.take()
				require.Len(t, msgs, 1)
				if passes {
					assert.Equal(t, "requests", msgs[0].Topic, "the next step runs")
					return
				}
				assert.Contains(t, string(msgs[0].Payload), `"status":"failed","error":{"code":"requests_failed"`)
				assert.Equal(t, asynctask.Counts{Total: 4, OK: int64(4 - failed), Failed: int64(failed)}, w.task(task.ID).Counts)
			})
		}
	}
}

func TestPercentagesAreExact(t *testing.T) {
	for hundredths := int64(1); hundredths <= 10_000; hundredths++ {
		policy := asynctask.AtMostPercent(float64(hundredths) / 100)
		for _, total := range []int64{10, 1000, 10_000, 1_000_000} {
			allowed := hundredths * total / 10_000
			require.True(t, policy(total, allowed), "%d of %d, %d hundredths", allowed, total, hundredths)
			require.False(t, policy(total, allowed+1), "%d of %d, %d hundredths", allowed+1, total, hundredths)
		}
	}
	assert.True(t, asynctask.AtMostPercent(0)(0, 0))
}

func TestAnySucceedsWithoutRequests(t *testing.T) {
	d := steps(0)
	d.Steps[0].Policy = asynctask.AnySucceeds()
	w := newWorld(t, asynctask.Config{}, d)
	assert.Equal(t, asynctask.StateCompleted, w.task(w.start("T").ID).State)
}

func TestCountsAddUpWhatRepliesStandFor(t *testing.T) {
	w := newWorld(t, asynctask.Config{}, steps(2))
	task := w.start("T")
	w.requests()
	bulk := reply(task.ID+"/s0/r0", "ok")
	bulk.Payload = json.RawMessage(`{"request_id":"` + task.ID + `/s0/r0","status":"ok","counts":{"total":100,"ok":98,"failed":2}}`)
	_, err := w.DispatchEvent(t.Context(), bulk)
	require.NoError(t, err)
	w.answer("ok", task.ID+"/s0/r1")
	assert.Contains(t, string(w.bus.take()[0].Payload), `"counts":{"total":101,"ok":99,"failed":2}`)
}

func TestFailuresArePaged(t *testing.T) {
	w := newWorld(t, asynctask.Config{}, steps(9))
	task := w.start("T")
	for i, id := range w.requests() {
		w.answer([]string{"ok", "failed"}[i%2], id)
	}
	var names []string
	f := asynctask.RequestFilter{TaskID: task.ID, Limit: 3}
	for {
		page, err := w.Failures(t.Context(), f)
		require.NoError(t, err)
		for _, r := range page {
			names = append(names, r.Name)
			f.AfterStep, f.AfterName = r.Step, r.Name
		}
		if len(page) < f.Limit {
			break
		}
	}
	assert.Equal(t, []string{"r1", "r3", "r5", "r7"}, names)
	all, err := w.Requests(t.Context(), asynctask.RequestFilter{TaskID: task.ID})
	require.NoError(t, err)
	assert.Len(t, all, 9)
}

func TestEndedTasksExpire(t *testing.T) {
	d := steps(1)
	d.Retention = time.Hour
	w := newWorld(t, asynctask.Config{}, d)
	task := w.start("T")
	w.answer("ok", task.ID+"/s0/r0")
	assert.Len(t, w.requests(), 2, "the request and the outer reply")
	w.clock.Advance(59 * time.Minute)
	w.sweep()
	tasks, err := w.Tasks(t.Context(), asynctask.TaskFilter{JobID: "job"})
	require.NoError(t, err)
	assert.Len(t, tasks, 1)
	w.clock.Advance(time.Minute)
	w.sweep()
	_, err = w.Task(t.Context(), task.ID)
	require.ErrorIs(t, err, asynctask.ErrTaskNotFound)
}

func TestOneSweepDeletesAllThatExpired(t *testing.T) {
	w := newWorld(t, asynctask.Config{Batch: 2}, steps(0))
	for range 7 {
		_, err := w.Start(t.Context(), asynctask.StartOptions{Type: "T"})
		require.NoError(t, err)
	}
	w.sweep()
	w.clock.Advance(8 * 24 * time.Hour)
	w.sweep()
	left, err := w.Tasks(t.Context(), asynctask.TaskFilter{})
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestCancelJob(t *testing.T) {
	d := steps(10)
	d.Steps[0].Window = 2
	w := newWorld(t, asynctask.Config{Batch: 3}, d)
	task := w.start("T")
	ids := w.requests()
	for range 2 {
		require.NoError(t, w.CancelJob(t.Context(), "job"))
	}
	_, err := w.DispatchEvent(t.Context(), reply(ids[0], "ok"))
	require.ErrorIs(t, err, asynctask.ErrLateReply, "before the task has ended")
	w.sweep()
	msgs := w.bus.take()
	require.Len(t, msgs, 1, "nothing more is published but the outer reply")
	assert.Contains(t, string(msgs[0].Payload), `"status":"cancelled","error":{"code":"cancelled"`)
	got := w.task(task.ID)
	assert.Equal(t, asynctask.StateCancelled, got.State)
	assert.True(t, got.NextAt.IsZero())

	_, err = w.DispatchEvent(t.Context(), reply(ids[1], "ok"))
	require.ErrorIs(t, err, asynctask.ErrLateReply)
	levels, err := w.Progress(t.Context(), "job")
	require.NoError(t, err)
	assert.Equal(t, []asynctask.Level{{Type: "T", Step: "s0", Tasks: 1, Total: 10, Cancelled: 10, Late: 2}}, levels)

	require.NoError(t, w.CancelJob(t.Context(), "job"))
	w.sweep()
	assert.Empty(t, w.bus.take(), "cancelling again changes nothing")
}

func TestTaskStartedForACancelledJobEndsBeforeItPublishes(t *testing.T) {
	w := newWorld(t, asynctask.Config{}, steps(3))
	require.NoError(t, w.CancelJob(t.Context(), "job"))
	task := w.start("T")
	assert.Equal(t, asynctask.StateCancelled, w.task(task.ID).State)
	msgs := w.bus.take()
	require.Len(t, msgs, 1)
	assert.Equal(t, "outer-replies", msgs[0].Topic)
}

func TestCallbacks(t *testing.T) {
	w := newWorld(t, asynctask.Config{MaxPayload: 200}, steps(1))
	ctx := t.Context()
	request := func(payload string) *eventbus.Message {
		return &eventbus.Message{ID: "m1", EventType: "Start", Payload: json.RawMessage(payload), TraceID: map[string]string{"traceparent": "tp"}}
	}
	whole := `{"request_id":"O_1/s/1","job_id":"job","reply_topic":"outer","isp_id":"isp"}`
	for range 2 {
		require.NoError(t, w.Starter("T").Notify(ctx, request(whole)))
	}
	require.NoError(t, w.Starter("T").Notify(ctx, request(`{}`)), "without a requester")
	w.sweep()
	tasks, err := w.Tasks(ctx, asynctask.TaskFilter{JobID: "job"})
	require.NoError(t, err)
	require.Len(t, tasks, 1)
	assert.JSONEq(t, whole, string(tasks[0].Payload))
	assert.Equal(t, "outer", tasks[0].ReplyTopic)
	for _, msg := range w.bus.take() {
		assert.Equal(t, map[string]string{"traceparent": "tp"}, msg.TraceID, "the trace goes on")
	}

	cancel := func(payload string) error {
		return w.Canceller().Notify(ctx, &eventbus.Message{EventType: "RSCancelSync", Payload: json.RawMessage(payload)})
	}
	require.NoError(t, cancel(`{"job_id":"job"}`))
	w.sweep()
	assert.Equal(t, asynctask.StateCancelled, w.task(tasks[0].ID).State)
	for name, err := range map[string]error{
		"start, not JSON":  w.Starter("T").Notify(ctx, request(`{`)),
		"start, too large": w.Starter("T").Notify(ctx, request(`{"x":"`+string(make([]byte, 300))+`"}`)),
		"start, NUL":       w.Starter("T").Notify(ctx, request(`{"request_id":"a\u0000"}`)),
		"start, no UTF-8":  w.Starter("T").Notify(ctx, request("{\"x\":\"\xff\"}")),
		"cancel, no job":   cancel(`{}`),
		"cancel, NUL":      cancel(`{"job_id":"a\u0000"}`),
		"cancel, not JSON": cancel(`[]`),
	} {
		assert.True(t, eventbus.IsPermanent(err), name)
	}
	assert.False(t, eventbus.IsPermanent(w.Replies().Notify(ctx, reply("T_x/s0/r0", "ok"))))
}
