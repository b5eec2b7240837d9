package asynctask_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/asynctasktest"
	"github.com/hexplane/hexplane/asynctask/memstore"
	"github.com/hexplane/hexplane/eventbus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a bus that keeps what is published.
type recorder struct {
	mu   sync.Mutex
	msgs []*eventbus.Message
	fail func(msg *eventbus.Message) error // nil error: it is published
}

func (r *recorder) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	failed := &eventbus.PublishError{Total: len(msgs)}
	for i, msg := range msgs {
		if r.fail != nil {
			if err := r.fail(msg); err != nil {
				failed.Failed = append(failed.Failed, eventbus.PublishFailure{Index: i, Message: msg, Err: err})
				continue
			}
		}
		r.msgs = append(r.msgs, msg)
	}
	if len(failed.Failed) > 0 {
		return failed
	}
	return nil
}

// take returns what was published since the last take.
func (r *recorder) take() []*eventbus.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	msgs := r.msgs
	r.msgs = nil
	return msgs
}

type observations struct {
	mu   sync.Mutex
	list []asynctask.Observation
}

func (o *observations) Observe(x asynctask.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, x)
}

func (o *observations) count(k asynctask.Kind) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, x := range o.list {
		if x.Kind == k {
			n++
		}
	}
	return n
}

// last is the last observation that matches.
func (o *observations) last(matches func(asynctask.Observation) bool) (last asynctask.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, x := range o.list {
		if matches(x) {
			last = x
		}
	}
	return last
}

// world is a manager with a store in memory, a recording bus and a clock.
type world struct {
	*asynctask.Manager
	t     *testing.T
	store asynctask.Store
	bus   *recorder
	clock *asynctasktest.Clock
	seen  *observations
}

func newWorld(t *testing.T, cfg asynctask.Config, defs ...asynctask.Definition) *world {
	w := &world{
		t: t, store: memstore.New(), bus: &recorder{}, seen: &observations{},
		clock: asynctasktest.NewClock(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)),
	}
	w.Manager = w.manager(cfg, defs...)
	return w
}

// manager is another one on the same store, bus and clock: a second process.
func (w *world) manager(cfg asynctask.Config, defs ...asynctask.Definition) *asynctask.Manager {
	w.t.Helper()
	cfg.Clock, cfg.Observer, cfg.Logger = w.clock, w.seen, slog.New(slog.DiscardHandler)
	m, err := asynctask.NewManager(w.store, w.bus, cfg, defs...)
	require.NoError(w.t, err)
	return m
}

func (w *world) start(typ string) asynctask.Task {
	w.t.Helper()
	r, err := w.Start(w.t.Context(), asynctask.StartOptions{
		Type: typ, JobID: "job", RequestID: "outer/step/x", ReplyTopic: "outer-replies", Payload: json.RawMessage(`{"isp_id":"isp"}`),
	})
	require.NoError(w.t, err)
	w.sweep()
	return r.Task
}

func (w *world) sweep() {
	w.t.Helper()
	require.NoError(w.t, w.Sweep(w.t.Context()))
}

func (w *world) task(id string) asynctask.Task {
	w.t.Helper()
	task, err := w.Task(w.t.Context(), id)
	require.NoError(w.t, err)
	return task
}

// requests takes what was published and returns the correlation ids.
func (w *world) requests() []string {
	w.t.Helper()
	var ids []string
	for _, msg := range w.bus.take() {
		ids = append(ids, header(w.t, msg).RequestID)
	}
	return ids
}

func header(t *testing.T, msg *eventbus.Message) (h struct {
	RequestID  string `json:"request_id"`
	JobID      string `json:"job_id"`
	ReplyTopic string `json:"reply_topic"`
},
) {
	t.Helper()
	require.NoError(t, json.Unmarshal(msg.Payload, &h))
	return h
}

func reply(requestID, status string) *eventbus.Message {
	return &eventbus.Message{
		EventType: "Reply", Topic: "replies", Timestamp: time.Unix(1, 0).UTC(),
		Payload: json.RawMessage(fmt.Sprintf(`{"request_id":%q,"job_id":"job","status":%q}`, requestID, status)),
	}
}

// answer dispatches replies of one status and then sweeps.
func (w *world) answer(status string, ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		_, err := w.DispatchEvent(w.t.Context(), reply(id, status))
		require.NoError(w.t, err)
	}
	w.sweep()
}

func numbered(n int) func(context.Context, asynctask.Task) iter.Seq2[asynctask.Request, error] {
	return func(context.Context, asynctask.Task) iter.Seq2[asynctask.Request, error] {
		return func(yield func(asynctask.Request, error) bool) {
			for i := range n {
				if !yield(asynctask.Request{Name: fmt.Sprintf("r%d", i), Topic: "requests", EventType: "Request"}, nil) {
					return
				}
			}
		}
	}
}

// steps is a definition of steps with that many requests each.
func steps(sizes ...int) asynctask.Definition {
	d := asynctask.Definition{Type: "T", ReplyEvent: "TReply"}
	for i, n := range sizes {
		d.Steps = append(d.Steps, asynctask.Step{
			Name: fmt.Sprintf("s%d", i), Requests: numbered(n), ReplyTopic: "replies", ReplyEvents: []string{"Reply"},
		})
	}
	return d
}

var errBroken = errors.New("broken")
