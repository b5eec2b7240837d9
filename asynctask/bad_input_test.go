package asynctask_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
)

func TestNewManagerChecksDefinitions(t *testing.T) {
	good := steps(1).Steps[0]
	noReplies, noStream, slash, nul := good, good, good, good
	noReplies.ReplyEvents, noStream.Requests, slash.Name, nul.Name = nil, nil, "a/b", "a\x00"
	for _, d := range []asynctask.Definition{
		{},
		{Type: "a/b", Steps: []asynctask.Step{good}},
		{Type: "T"},
		{Type: "T", Steps: []asynctask.Step{good, good}},
		{Type: "T", Steps: []asynctask.Step{noReplies}},
		{Type: "T", Steps: []asynctask.Step{noStream}},
		{Type: "T", Steps: []asynctask.Step{slash}},
		{Type: "T", Steps: []asynctask.Step{nul}},
		{Type: strings.Repeat("T", 600), Steps: []asynctask.Step{good}},
		{Type: "\xff", Steps: []asynctask.Step{good}},
	} {
		_, err := asynctask.NewManager(nil, nil, asynctask.Config{}, d)
		assert.ErrorIs(t, err, asynctask.ErrBadDefinition)
	}
	_, err := asynctask.NewManager(nil, nil, asynctask.Config{}, steps(1), steps(1))
	assert.ErrorIs(t, err, asynctask.ErrBadDefinition)
}

func TestRepliesThatCannotBeAccepted(t *testing.T) {
	w := newWorld(t, asynctask.Config{}, steps(2))
	task := w.start("T")
	id := task.ID + "/s0/r0"
	wrong := reply(id, "ok")
	wrong.EventType = "Other"
	notJSON := reply(id, "ok")
	notJSON.Payload = json.RawMessage(`{`)
	for _, c := range []struct {
		name      string
		msg       *eventbus.Message
		want      error
		permanent bool
		discarded bool
	}{
		{"event type", wrong, asynctask.ErrWrongEventType, true, false},
		{"not JSON", notJSON, asynctask.ErrBadReply, true, false},
		{"status", reply(id, "fine"), asynctask.ErrBadReply, true, false},
		{"request id", reply("what", "ok"), asynctask.ErrBadReply, true, false},
		{"NUL in the name", counting(id+`\u0000`, 1), asynctask.ErrBadReply, true, false},
		{"NUL in the task", counting(`\u0000`+id, 1), asynctask.ErrBadReply, true, false},
		{"long name", counting(id+strings.Repeat("r", 600), 1), asynctask.ErrBadReply, true, false},
		{"negative counts", counting(id, -1), asynctask.ErrBadReply, true, false},
		{"counts that no sum could hold", counting(id, math.MaxInt64), asynctask.ErrBadReply, true, false},
		{"task", reply("T_nobody/s0/r0", "ok"), asynctask.ErrUnknownRequest, false, true},
		{"request", reply(task.ID+"/s0/nobody", "ok"), asynctask.ErrUnknownRequest, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.DispatchEvent(t.Context(), c.msg)
			require.ErrorIs(t, err, c.want)
			err = w.Replies().Notify(t.Context(), c.msg)
			assert.Equal(t, c.permanent, eventbus.IsPermanent(err))
			assert.Equal(t, c.discarded, err == nil)
		})
	}
	assert.Equal(t, 4, w.seen.count(asynctask.ReplyUnknown))

	w.answer("ok", id)
	again, err := w.DispatchEvent(t.Context(), reply(id, "failed"))
	require.NoError(t, err)
	assert.True(t, again.Duplicate)
	assert.False(t, again.Completed)
	assert.Equal(t, 1, w.seen.count(asynctask.ReplyDuplicate))
}

func counting(id string, total int64) *eventbus.Message {
	msg := reply(id, "ok")
	msg.Payload = json.RawMessage(fmt.Sprintf(`{"request_id":"%s","status":"ok","counts":{"total":%d}}`, id, total))
	return msg
}

// A timestamp of 1970, from a producer that sets none, is none.
func TestReplyWithoutTimestampAnswersItsRequest(t *testing.T) {
	w := newWorld(t, asynctask.Config{}, steps(2))
	task := w.start("T")
	for i, at := range []time.Time{{}, time.Unix(0, 0)} {
		msg := reply(fmt.Sprintf("%s/s0/r%d", task.ID, i), "ok")
		msg.Timestamp = at
		_, err := w.DispatchEvent(t.Context(), msg)
		require.NoError(t, err)
		recs, err := w.Requests(t.Context(), asynctask.RequestFilter{TaskID: task.ID})
		require.NoError(t, err)
		assert.Equal(t, w.clock.Now(), recs[i].Reply.Timestamp)
	}
}

func TestStreamsThatCannotBePublishedFailTheTask(t *testing.T) {
	request := asynctask.Request{Name: "a", Topic: "requests", EventType: "Request"}
	with := func(change func(*asynctask.Request)) asynctask.Request { r := request; change(&r); return r }
	for _, c := range []struct {
		name   string
		stream []asynctask.Request
		want   error
	}{
		{"twice in a batch", []asynctask.Request{request, request}, asynctask.ErrDuplicateRequest},
		{"twice", []asynctask.Request{request, with(func(r *asynctask.Request) { r.Name = "b" }), with(func(r *asynctask.Request) { r.Name = "c" }), request}, asynctask.ErrDuplicateRequest},
		{"topic", []asynctask.Request{with(func(r *asynctask.Request) { r.Topic = "" })}, asynctask.ErrBadRequest},
		{"event type", []asynctask.Request{with(func(r *asynctask.Request) { r.EventType = "" })}, asynctask.ErrBadRequest},
		{"name", []asynctask.Request{with(func(r *asynctask.Request) { r.Name = strings.Repeat("n", 600) })}, asynctask.ErrBadRequest},
		{"no object", []asynctask.Request{with(func(r *asynctask.Request) { r.Payload = []int{1} })}, asynctask.ErrBadRequest},
		{"no JSON", []asynctask.Request{with(func(r *asynctask.Request) { r.Payload = json.RawMessage(`{"a`) })}, asynctask.ErrBadRequest},
		{"topic with NUL", []asynctask.Request{with(func(r *asynctask.Request) { r.Topic = "a\x00" })}, asynctask.ErrBadRequest},
		{"event type no UTF-8", []asynctask.Request{with(func(r *asynctask.Request) { r.EventType = "\xff" })}, asynctask.ErrBadRequest},
		{"payload no UTF-8", []asynctask.Request{with(func(r *asynctask.Request) { r.Payload = json.RawMessage("{\"a\":\"\xff\"}") })}, asynctask.ErrBadRequest},
		{"no JSON at all", []asynctask.Request{with(func(r *asynctask.Request) { r.Payload = func() {} })}, asynctask.ErrBadRequest},
		{"size", []asynctask.Request{with(func(r *asynctask.Request) { r.Payload = map[string]string{"a": strings.Repeat("x", 100)} })}, asynctask.ErrPayloadTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := steps(0)
			d.Steps[0].Requests = asynctask.Fixed(c.stream...)
			w := newWorld(t, asynctask.Config{Batch: 2, MaxPayload: 64}, d)
			task := w.start("T")
			got := w.task(task.ID)
			assert.Equal(t, asynctask.StateFailed, got.State)
			require.ErrorIs(t, got.Error, c.want)
			open, err := w.store.HasOpen(t.Context(), task.ID, "s0")
			require.NoError(t, err)
			assert.False(t, open, "what had been published is closed")
			msgs := w.bus.take()
			assert.Contains(t, string(msgs[len(msgs)-1].Payload), `"status":"failed"`)
		})
	}
}
