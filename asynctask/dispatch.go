package asynctask

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/eventbus"
)

// DispatchEvent takes a reply event: it closes the request by compare-and-set
// and, when that was the last open one of its step, makes the task due for its
// next step. It returns nil when that is durable; on an error that is none of
// the following the reply should be delivered again.
//
// ErrBadReply and ErrWrongEventType: the event can never be accepted.
// ErrUnknownRequest and ErrLateReply: the reply was discarded and counted.
// A repeated reply is discarded too, with Result.Duplicate and no error.
// A reply for a type or step unknown to this binary is parked: recorded for a
// binary that knows it.
func (m *Manager) DispatchEvent(ctx context.Context, msg *eventbus.Message) (Result, error) {
	reply, err := decodeReply(msg, m.now())
	if err != nil {
		return Result{}, err
	}
	return m.dispatch(ctx, reply)
}

func (m *Manager) dispatch(ctx context.Context, reply Reply) (Result, error) {
	taskID, step, name, _ := SplitRequestID(reply.RequestID)
	t, err := m.reads.Do(ctx, taskID, struct{}{})
	if errors.Is(err, ErrTaskNotFound) {
		m.cfg.Observer.Observe(Observation{Kind: ReplyUnknown, TaskID: taskID, Step: step, RequestID: reply.RequestID})
		return Result{}, fmt.Errorf("%w: %s", ErrUnknownRequest, reply.RequestID)
	}
	if err != nil {
		return Result{}, fmt.Errorf("asynctask: dispatch %s: %w", reply.RequestID, err)
	}
	closing := Closing{TaskID: taskID, Step: step, Name: name, State: reply.state(), Reply: reply}
	_, s, err := m.known(t.Type, step)
	switch {
	case t.State != StateRunning:
		closing.Late = true
	case err != nil:
		return Result{Task: t}, m.park(ctx, t, closing)
	case !s.accepts(reply.EventType):
		return Result{Task: t}, fmt.Errorf("%w: %q to %s", ErrWrongEventType, reply.EventType, reply.RequestID)
	case s.OnReply != nil:
		if err := s.OnReply(ctx, t, reply); err != nil {
			return Result{Task: t}, fmt.Errorf("asynctask: reply hook of %s/%s: %w", t.Type, step, err)
		}
	}
	return m.close(ctx, t, closing)
}

// close closes one request and advances its task. The task advances also when
// the request was closed before: the reply may come again because a crash
// interrupted just that.
func (m *Manager) close(ctx context.Context, t Task, c Closing) (Result, error) {
	closed, err := m.closings.Do(ctx, struct{}{}, c)
	if err != nil {
		return Result{Task: t}, fmt.Errorf("asynctask: close %s: %w", c.Reply.RequestID, err)
	}
	if err := m.discarded(t, c, closed); err != nil {
		return Result{Task: t}, err
	}
	last, err := m.advances.Do(ctx, advanceKey(t.ID, c.Step), struct{}{})
	if err != nil {
		return Result{Task: t}, fmt.Errorf("asynctask: advance %s: %w", t.ID, err)
	}
	return Result{Task: t, Duplicate: closed.Found != FoundOpen, Completed: last || t.State.Final()}, nil
}

// discarded observes what became of the reply and returns the error, if any,
// that a discarded one is answered with.
func (m *Manager) discarded(t Task, c Closing, closed Closed) error {
	o := Observation{
		Kind: RequestReplied, Type: t.Type, Step: c.Step, TaskID: t.ID, TraceID: t.TraceID,
		RequestID: RequestID(c.TaskID, c.Step, c.Name), Status: c.Reply.Status,
	}
	var err error
	switch {
	case closed.Found == FoundNothing:
		o.Kind, err = ReplyUnknown, ErrUnknownRequest
	case closed.Found == FoundAnswered:
		o.Kind = ReplyDuplicate
	case c.Late || closed.Found == FoundClosed:
		o.Kind, err = ReplyLate, ErrLateReply
	case !closed.SentAt.IsZero():
		o.Duration = m.now().Sub(closed.SentAt)
	}
	m.cfg.Observer.Observe(o)
	if err != nil {
		return fmt.Errorf("%w: %s", err, o.RequestID)
	}
	return nil
}

// park keeps a reply that this binary cannot judge with its request, which
// becomes due: a manager that knows the step takes it up from there.
func (m *Manager) park(ctx context.Context, t Task, c Closing) error {
	now := m.now()
	c.Reply.Payload = bytes.ToValidUTF8(c.Reply.Payload, []byte("\ufffd")) // it is stored, once
	rec := Record{TaskID: c.TaskID, Step: c.Step, Name: c.Name, Sent: true, SentAt: now, Attempt: 1, NextAt: now, Reply: &c.Reply}
	if err := m.store.Reschedule(ctx, []Record{rec}); err != nil {
		return fmt.Errorf("asynctask: park %s: %w", rec.ID(), err)
	}
	m.cfg.Logger.WarnContext(ctx, "reply for a step unknown here is kept for a binary that knows it",
		"task", t.ID, "type", t.Type, "step", c.Step)
	return nil
}

// advanceBatch advances one task once for all the callers that wait for it.
func (m *Manager) advanceBatch(ctx context.Context, key string, in []struct{}) ([]bool, error) {
	taskID, step := splitAdvanceKey(key)
	last, err := m.advance(ctx, taskID, step)
	out := make([]bool, len(in))
	for i := range out {
		out[i] = last
	}
	return out, err
}

// advance refills the step's window and, when every request of it is stored
// and closed, marks the task as answered. It reports whether that was so at
// the task's last step. Closing must come before the reading here, as sealing
// comes before the probe in fanOut: of two that race, one sees the other.
func (m *Manager) advance(ctx context.Context, taskID, step string) (bool, error) {
	t, err := m.store.Task(ctx, taskID)
	if err != nil || t.State != StateRunning || t.Step != step || t.Answered {
		return false, err
	}
	d, s, err := m.known(t.Type, step)
	if err != nil {
		return false, err
	}
	if err := m.refill(ctx, t, s); err != nil {
		m.erred(ctx, t, "refill", err) // the requests stay due and are taken up by the sweep
	}
	if !t.Sealed {
		return false, nil
	}
	open, err := m.store.HasOpen(ctx, taskID, step)
	if err != nil || open {
		return false, err
	}
	_, marked, err := m.update(ctx, t, func(t *Task) bool {
		if t.State != StateRunning || t.Step != step || !t.Sealed || t.Answered {
			return false
		}
		t.Answered, t.NextAt, t.Owner = true, m.now(), ""
		return true
	})
	if marked {
		m.signal(t.Type)
	}
	_, i := d.step(step)
	return marked && i == len(d.Steps)-1, err
}

// erred reports an error that will be tried again.
func (m *Manager) erred(ctx context.Context, t Task, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	m.cfg.Logger.WarnContext(ctx, "failed, to be tried again", "what", what, "task", t.ID, "type", t.Type, "step", t.Step, "err", err)
	m.cfg.Observer.Observe(Observation{Kind: Erred, Type: t.Type, Step: t.Step, TaskID: t.ID, TraceID: t.TraceID, Err: err})
}

// lookAt is when a task that waits for replies is looked at again, in case a
// crash interrupted whoever should have advanced it.
func (m *Manager) lookAt(t Task) time.Time {
	at := m.now().Add(m.cfg.Lease)
	if !t.Deadline.IsZero() && t.Deadline.Before(at) {
		return t.Deadline
	}
	return at
}
