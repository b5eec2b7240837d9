package asynctask_test

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

func TestTaskRunsItsStepsAndRepliesToItsRequester(t *testing.T) {
	w := newWorld(t, asynctask.Config{}, steps(2, 0, 1))
	task := w.start("T")

	msgs := w.bus.take()
	require.Len(t, msgs, 2)
	assert.Equal(t, task.ID+"/s0/r0", msgs[0].Key)
	assert.Equal(t, "requests", msgs[0].Topic)
	assert.JSONEq(t, `{"request_id":"`+task.ID+`/s0/r0","job_id":"job","reply_topic":"replies"}`, string(msgs[0].Payload))

	w.answer("ok", task.ID+"/s0/r1")
	assert.Empty(t, w.requests(), "one is open still")
	r, err := w.DispatchEvent(t.Context(), reply(task.ID+"/s0/r0", "ok"))
	require.NoError(t, err)
	assert.False(t, r.Completed)
	w.sweep()
	assert.Equal(t, []string{task.ID + "/s2/r0"}, w.requests(), "the empty step is passed")

	r, err = w.DispatchEvent(t.Context(), reply(task.ID+"/s2/r0", "ok"))
	require.NoError(t, err)
	assert.True(t, r.Completed)
	w.sweep()
	msgs = w.bus.take()
	require.Len(t, msgs, 1)
	assert.Equal(t, "outer-replies", msgs[0].Topic)
	assert.Equal(t, "TReply", msgs[0].EventType)
	assert.Equal(t, "outer/step/x", msgs[0].Key)
	assert.JSONEq(t, `{"request_id":"outer/step/x","job_id":"job","status":"ok","counts":{"total":3,"ok":3,"failed":0}}`, string(msgs[0].Payload))

	got := w.task(task.ID)
	assert.Equal(t, asynctask.StateCompleted, got.State)
	assert.True(t, got.NextAt.IsZero())
	assert.Equal(t, 1, w.seen.count(asynctask.TaskEnded))
}

func TestStart(t *testing.T) {
	w := newWorld(t, asynctask.Config{MaxPayload: 10}, steps(1))
	ctx := t.Context()
	opt := asynctask.StartOptions{Type: "T", RequestID: "A_1/s/1"}
	first, err := w.Start(ctx, opt)
	require.NoError(t, err)
	assert.Regexp(t, `^T_[0-9A-Za-z]{8,13}$`, first.Task.ID)
	assert.Equal(t, first.Task.ID, first.Task.JobID)
	again, err := w.Start(ctx, opt)
	require.NoError(t, err)
	assert.True(t, again.Existing)
	assert.Equal(t, first.Task.ID, again.Task.ID)
	opt.RequestID = "A_1/s/2"
	other, err := w.Start(ctx, opt)
	require.NoError(t, err)
	assert.NotEqual(t, first.Task.ID, other.Task.ID)
	named, err := w.Start(ctx, asynctask.StartOptions{Type: "T", ID: "mine"})
	require.NoError(t, err)
	assert.Equal(t, "mine", named.Task.ID)

	for _, c := range []struct {
		name string
		opt  asynctask.StartOptions
		want error
	}{
		{"type", asynctask.StartOptions{Type: "U"}, asynctask.ErrUnknownType},
		{"id", asynctask.StartOptions{Type: "T", ID: "a/b"}, asynctask.ErrBadStart},
		{"job", asynctask.StartOptions{Type: "T", JobID: "a\x00"}, asynctask.ErrBadStart},
		{"payload", asynctask.StartOptions{Type: "T", Payload: json.RawMessage(`{"a":"123456"}`)}, asynctask.ErrPayloadTooLarge},
		{"no JSON", asynctask.StartOptions{Type: "T", Payload: json.RawMessage(`{"a`)}, asynctask.ErrBadStart},
		{"no UTF-8", asynctask.StartOptions{Type: "T", Payload: json.RawMessage("\"\xff\"")}, asynctask.ErrBadStart},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.Start(ctx, c.opt)
			assert.ErrorIs(t, err, c.want)
		})
	}
}

func TestReplyRepeatedAfterTheEndIsADuplicate(t *testing.T) {
	w := newWorld(t, asynctask.Config{}, steps(1))
	task := w.start("T")
	w.answer("ok", task.ID+"/s0/r0")
	require.Equal(t, asynctask.StateCompleted, w.task(task.ID).State)
	again, err := w.DispatchEvent(t.Context(), reply(task.ID+"/s0/r0", "ok"))
	require.NoError(t, err)
	assert.True(t, again.Duplicate)
	assert.True(t, again.Completed)
	assert.Equal(t, 1, w.seen.count(asynctask.ReplyDuplicate))
	assert.Zero(t, w.seen.count(asynctask.ReplyLate))
}

func TestReplyHookSeesTheWholePayloadAndCanAskForAnother(t *testing.T) {
	d := steps(1)
	var got []asynctask.Reply
	d.Steps[0].OnReply = func(_ context.Context, _ asynctask.Task, r asynctask.Reply) error {
		got = append(got, r)
		if len(got) == 1 {
			return errBroken
		}
		return nil
	}
	w := newWorld(t, asynctask.Config{}, d)
	task := w.start("T")
	msg := reply(task.ID+"/s0/r0", "ok")
	msg.Payload = json.RawMessage(strings.Replace(string(msg.Payload), "{", `{"extra":7,`, 1))
	_, err := w.DispatchEvent(t.Context(), msg)
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, asynctask.StateRunning, w.task(task.ID).State)
	_, err = w.DispatchEvent(t.Context(), msg)
	require.NoError(t, err)
	assert.Contains(t, string(got[1].Payload), `"extra":7`)
}

func TestEndHookDelaysTheEndUntilItSucceeds(t *testing.T) {
	d := steps(1)
	var outcomes []asynctask.Outcome
	d.OnEnd = func(_ context.Context, _ asynctask.Task, o asynctask.Outcome) error {
		outcomes = append(outcomes, o)
		switch len(outcomes) {
		case 1:
			return errBroken
		case 2:
			panic("twice broken")
		default:
			return nil
		}
	}
	w := newWorld(t, asynctask.Config{}, d)
	task := w.start("T")
	w.bus.take()
	_, err := w.DispatchEvent(t.Context(), reply(task.ID+"/s0/r0", "ok"))
	require.NoError(t, err)
	require.ErrorIs(t, w.Sweep(t.Context()), errBroken)
	assert.Equal(t, asynctask.StateEnding, w.task(task.ID).State)
	assert.Empty(t, w.bus.take())
	w.clock.Advance(10 * time.Second)
	require.ErrorContains(t, w.Sweep(t.Context()), "twice broken")
	w.clock.Advance(10 * time.Second)
	w.sweep()
	assert.Equal(t, asynctask.StateCompleted, w.task(task.ID).State)
	assert.Len(t, w.bus.take(), 1)
	assert.Equal(t, asynctask.Outcome{Status: asynctask.StatusOK, Counts: asynctask.Counts{Total: 1, OK: 1}}, outcomes[2])
}

func TestStreamThatFailsHalfwayIsResumed(t *testing.T) {
	d := steps(0)
	reads := 0
	d.Steps[0].Requests = func(ctx context.Context, task asynctask.Task) iter.Seq2[asynctask.Request, error] {
		reads++
		return func(yield func(asynctask.Request, error) bool) {
			n := 0
			for r, err := range numbered(7)(ctx, task) {
				if n++; reads == 1 && n == 6 {
					r, err = asynctask.Request{}, errBroken
				}
				if !yield(r, err) {
					return
				}
			}
		}
	}
	w := newWorld(t, asynctask.Config{Batch: 2}, d)
	r, err := w.Start(t.Context(), asynctask.StartOptions{Type: "T"})
	require.NoError(t, err)
	require.ErrorIs(t, w.Sweep(t.Context()), errBroken)
	assert.Len(t, w.requests(), 5, "what was yielded is under way")
	assert.False(t, w.task(r.Task.ID).Sealed)
	w.clock.Advance(10 * time.Second)
	w.sweep()
	assert.Len(t, w.requests(), 2, "nothing is repeated")
	assert.True(t, w.task(r.Task.ID).Sealed)
}

func TestPayloadHeaderIsSetIntoTheRequest(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", `{}`, `{}`},
		{"spaces", " { \n } ", `{}`},
		{"fields", `{"device":{"id":1}}`, `{"device":{"id":1}}`},
		{"header already", `{"request_id":"","job_id":"x","reply_topic":null,"a":1}`, `{"a":1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := steps(0)
			d.Steps[0].Requests = asynctask.Fixed(asynctask.Request{Topic: "requests", EventType: "Request", Key: "k", Payload: json.RawMessage(c.in)})
			w := newWorld(t, asynctask.Config{}, d)
			task := w.start("T")
			msg := w.bus.take()[0]
			var got, want map[string]any
			require.NoError(t, json.Unmarshal(msg.Payload, &got))
			require.NoError(t, json.Unmarshal([]byte(c.want), &want))
			want["request_id"], want["job_id"], want["reply_topic"] = task.ID+"/s0/0000000000", "job", "replies"
			assert.Equal(t, want, got)
			assert.Equal(t, "k", msg.Key)
			assert.Equal(t, 1, strings.Count(string(msg.Payload), `"request_id"`))
		})
	}
}
