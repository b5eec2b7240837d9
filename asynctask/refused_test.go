package asynctask_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
)

// tooLarge fails what is longer than limit as eventbus.Producer does.
func tooLarge(limit int) func(*eventbus.Message) error {
	return func(msg *eventbus.Message) error {
		size := len(msg.Payload)
		for k, v := range msg.TraceID {
			size += len(k) + len(v)
		}
		if size > limit {
			return &eventbus.TooLargeError{Topic: msg.Topic, Size: size, Limit: limit}
		}
		return nil
	}
}

// sized is a stream of requests with payloads of these sizes.
func sized(sizes ...int) []asynctask.Request {
	requests := make([]asynctask.Request, len(sizes))
	for i, n := range sizes {
		requests[i] = asynctask.Request{
			Name: fmt.Sprintf("r%d", i), Topic: "requests", EventType: "Request",
			Payload: map[string]string{"x": strings.Repeat("x", n)},
		}
	}
	return requests
}

func TestRequestThatTheBusRefusesFailsAtOnce(t *testing.T) {
	d := steps(0)
	d.Steps[0].Requests = asynctask.Fixed(sized(1000, 1, 1000, 1000, 1)...)
	d.Steps[0].Window, d.Steps[0].Policy = 2, asynctask.AtMost(3)
	w := newWorld(t, asynctask.Config{}, d)
	w.bus.fail = tooLarge(500)
	task := w.start("T")
	assert.Equal(t, []string{task.ID + "/s0/r1", task.ID + "/s0/r4"}, w.requests(), "what was refused leaves its place in the window")
	assert.Equal(t, 3, w.seen.count(asynctask.RequestRefused))
	assert.Zero(t, w.seen.count(asynctask.Erred))

	failures, err := w.Failures(t.Context(), asynctask.RequestFilter{TaskID: task.ID})
	require.NoError(t, err)
	require.Len(t, failures, 3)
	assert.Equal(t, asynctask.CodeRefused, failures[0].Reply.Error.Code)
	assert.Contains(t, failures[0].Reply.Error.Text, "too large")
	require.ErrorIs(t, failures[0].Reply.Error, asynctask.ErrRefused)

	w.clock.Advance(time.Hour)
	w.sweep()
	assert.Empty(t, w.requests(), "nothing is tried again")
	w.answer("ok", task.ID+"/s0/r1", task.ID+"/s0/r4")
	assert.Contains(t, string(w.bus.take()[0].Payload), `"status":"ok","counts":{"total":5,"ok":2,"failed":3}`)
	assert.Equal(t, 3, w.seen.count(asynctask.RequestRefused))
}

func TestTaskWhoseRequestsAreAllRefusedFails(t *testing.T) {
	d := steps(0)
	d.Steps[0].Requests = asynctask.Fixed(sized(1000, 1000)...)
	w := newWorld(t, asynctask.Config{}, d)
	w.bus.fail = func(msg *eventbus.Message) error {
		if msg.Topic == "requests" {
			return eventbus.Permanent(errBroken)
		}
		return nil
	}
	got := w.task(w.start("T").ID)
	assert.Equal(t, asynctask.StateFailed, got.State)
	assert.Equal(t, asynctask.CodeRequestsFailed, got.Error.Code)
	assert.Contains(t, string(w.bus.take()[0].Payload), `"code":"requests_failed"`)
}

// A request that the bus took once may be too large for it when it is due again:
// the broker's limit was lowered.
func TestRequestRefusedWhenItIsPublishedAgainFails(t *testing.T) {
	d := steps(1)
	d.Steps[0].Timeout, d.Steps[0].Retry = time.Hour, asynctask.Retry{Attempts: 3}
	w := newWorld(t, asynctask.Config{}, d)
	task := w.start("T")
	w.bus.fail = tooLarge(1)
	w.clock.Advance(time.Hour)
	w.bus.fail = func(msg *eventbus.Message) error {
		if msg.Topic == "requests" {
			return eventbus.ErrTooLarge
		}
		return nil
	}
	w.sweep()
	assert.Equal(t, asynctask.StateFailed, w.task(task.ID).State)
	_, err := w.DispatchEvent(t.Context(), reply(task.ID+"/s0/r0", "ok"))
	assert.ErrorIs(t, err, asynctask.ErrLateReply)
}

func TestReplyThatTheBusRefusesBecomesAFailureThatFits(t *testing.T) {
	var ends []asynctask.Outcome
	d := steps(1)
	d.OnEnd = func(_ context.Context, _ asynctask.Task, out asynctask.Outcome) error {
		ends = append(ends, out)
		return nil
	}
	w := newWorld(t, asynctask.Config{}, d)
	r, err := w.Start(t.Context(), asynctask.StartOptions{
		Type: "T", JobID: "job", RequestID: "outer/step/x", ReplyTopic: "outer-replies",
		TraceID: map[string]string{"baggage": strings.Repeat("b", 1000)},
	})
	require.NoError(t, err)
	w.sweep()
	w.bus.take()
	w.bus.fail = tooLarge(500)
	w.answer("ok", r.Task.ID+"/s0/r0")

	msgs := w.bus.take()
	require.Len(t, msgs, 1)
	var told asynctask.Reply
	require.NoError(t, json.Unmarshal(msgs[0].Payload, &told))
	assert.Equal(t, "outer/step/x", told.RequestID)
	assert.Equal(t, asynctask.StatusFailed, told.Status)
	require.ErrorIs(t, told.Error, asynctask.ErrRefused)

	got := w.task(r.Task.ID)
	assert.Equal(t, asynctask.StateCompleted, got.State, "what it did stays done")
	assert.True(t, got.NextAt.IsZero())
	require.ErrorIs(t, got.Error, asynctask.ErrRefused)
	assert.Contains(t, got.Error.Text, "too large")
	assert.Len(t, ends, 1)
	assert.Equal(t, 1, w.seen.count(asynctask.ReplyRefused))
	assert.Zero(t, w.seen.count(asynctask.Erred))
}

func TestRequesterThatCannotBeToldAtAllDoesNotKeepTheTask(t *testing.T) {
	w := newWorld(t, asynctask.Config{}, steps(1))
	task := w.start("T")
	w.bus.take()
	attempts := 0
	w.bus.fail = func(*eventbus.Message) error {
		attempts++
		return eventbus.Permanent(errBroken)
	}
	w.answer("failed", task.ID+"/s0/r0")
	got := w.task(task.ID)
	assert.Equal(t, asynctask.StateFailed, got.State)
	assert.Equal(t, asynctask.CodeRequestsFailed, got.Error.Code, "why it failed is kept")
	assert.Equal(t, 1, w.seen.count(asynctask.ReplyRefused))
	assert.Equal(t, 2, attempts)
	w.clock.Advance(time.Hour)
	w.sweep()
	assert.Equal(t, 2, attempts)
}
