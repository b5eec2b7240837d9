package asynctask

import (
	"context"
	"fmt"

	"github.com/hexplane/hexplane/eventbus"
)

// end calls the end hook, tells the requester, and only then makes the task
// final: the record in StateEnding is the outbox of that reply.
func (m *Manager) end(ctx context.Context, t Task, d *Definition, s *Step) (Task, bool, error) {
	out := Outcome{Status: t.Outcome.status(), Error: t.Error, Counts: t.Counts}
	if !t.Answered { // the step was cut short: count what there is of it
		tally, err := m.store.Tally(ctx, t.ID, s.Name)
		if err != nil {
			return t, false, fmt.Errorf("asynctask: tally %s/%s: %w", t.ID, s.Name, err)
		}
		out.Counts = t.Counts.plus(tally.Counts)
	}
	if d.OnEnd != nil {
		if err := d.OnEnd(ctx, t, out); err != nil {
			return t, false, fmt.Errorf("asynctask: end hook of %s: %w", t.ID, err)
		}
	}
	refused, err := m.reply(ctx, t, d, out)
	if err != nil {
		return t, false, err
	}
	retention := d.Retention
	if retention <= 0 {
		retention = m.cfg.Retention
	}
	next, moved, err := m.move(ctx, t, func(now *Task) bool {
		if now.State != StateEnding {
			return false
		}
		now.State, now.Counts, now.ExpireAt = now.Outcome, out.Counts, m.now().Add(retention)
		if now.Error == nil {
			now.Error = refused
		}
		if now.Answered {
			now.Owner, now.NextAt = "", noTime // nothing is left open
		}
		return true
	})
	if moved {
		m.ended(ctx, next, refused)
	}
	return next, moved && !next.NextAt.IsZero(), err
}

func (m *Manager) ended(ctx context.Context, t Task, refused *ReplyError) {
	m.cfg.Observer.Observe(Observation{
		Kind: TaskEnded, Type: t.Type, Step: t.Step, TaskID: t.ID, State: t.State, TraceID: t.TraceID,
		Duration: m.now().Sub(t.CreatedAt),
	})
	if refused != nil {
		m.cfg.Logger.ErrorContext(ctx, "the bus refused the reply to a task's requester, which is told that it failed",
			"task", t.ID, "type", t.Type, "state", t.State, "topic", t.ReplyTopic, "err", refused)
		m.cfg.Observer.Observe(Observation{
			Kind: ReplyRefused, Type: t.Type, Step: t.Step, TaskID: t.ID, RequestID: t.RequestID, TraceID: t.TraceID, Err: refused,
		})
	}
}

// reply tells the requester, if there is one. A reply that the bus refuses is
// replaced by a failure that fits; refused says why.
func (m *Manager) reply(ctx context.Context, t Task, d *Definition, out Outcome) (refused *ReplyError, err error) {
	if t.ReplyTopic == "" || d.ReplyEvent == "" {
		return nil, nil
	}
	r := Reply{RequestID: t.RequestID, JobID: t.JobID, Status: out.Status, Error: out.Error, Counts: &out.Counts}
	if err = m.tell(ctx, t, d, r, t.TraceID); eventbus.Refused(err) {
		refused = refusal(err)
		r.Status, r.Error, r.Counts = StatusFailed, &ReplyError{Code: CodeRefused, Text: "the bus refused the task's reply"}, nil
		if err = m.tell(ctx, t, d, r, nil); eventbus.Refused(err) {
			err = nil // the requester cannot be told; its timeout will
		}
	}
	return refused, err
}

func (m *Manager) tell(ctx context.Context, t Task, d *Definition, r Reply, trace map[string]string) error {
	msg, err := eventbus.NewMessage(t.ReplyTopic, d.ReplyEvent, t.RequestID, r)
	if err == nil {
		msg.TraceID, msg.Timestamp = trace, m.now()
		err = m.bus.Publish(ctx, msg)
	}
	if err != nil {
		return fmt.Errorf("asynctask: reply of %s: %w", t.ID, err)
	}
	return nil
}

// leftoverBatches is how many times as many requests as otherwise are closed at
// once when nobody waits for any of them.
const leftoverBatches = 10

// closeLeftovers closes what an ended task left open, in batches.
func (m *Manager) closeLeftovers(ctx context.Context, t Task) error {
	for {
		n, err := m.store.CloseOpen(ctx, t.ID, leftoverBatches*m.cfg.Batch)
		if err != nil {
			return fmt.Errorf("asynctask: close leftovers of %s: %w", t.ID, err)
		}
		if n == 0 {
			break
		}
	}
	_, _, err := m.update(ctx, t, func(now *Task) bool {
		now.Owner, now.NextAt = "", noTime
		return now.State.Final()
	})
	return err
}
