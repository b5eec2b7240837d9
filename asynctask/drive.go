package asynctask

import (
	"context"
	"errors"
	"fmt"
)

// drive takes a claimed task as far as it goes without waiting for anybody.
// Whatever it is interrupted at, the next claim repeats; every effect in it is
// idempotent or a compare-and-set.
func (m *Manager) drive(ctx context.Context, t Task) error {
	for {
		d, s, err := m.known(t.Type, t.Step)
		if err != nil {
			return err
		}
		next, more, err := m.stage(ctx, t, d, s)
		if err != nil || !more {
			return err
		}
		t = next
	}
}

// stage does what the task's state asks for and returns the task as it is then;
// more is false when it is up to others to move it.
func (m *Manager) stage(ctx context.Context, t Task, d *Definition, s *Step) (next Task, more bool, err error) {
	switch {
	case t.State.Final():
		return t, false, m.closeLeftovers(ctx, t)
	case t.State == StateEnding:
		return m.end(ctx, t, d, s)
	case pastDeadline(t, m.now()):
		return m.decide(ctx, t, StateFailed, &ReplyError{Code: CodeDeadline, Text: "the task's deadline passed"})
	case t.Answered:
		return m.settle(ctx, t, d, s)
	case !t.Sealed:
		return m.fanOutStage(ctx, t, s)
	default:
		_, err := m.advances.Do(ctx, advanceKey(t.ID, t.Step), struct{}{})
		return t, false, err
	}
}

func (m *Manager) fanOutStage(ctx context.Context, t Task, s *Step) (Task, bool, error) {
	// Nothing of the task is published before this look: a task that was
	// inserted after its job was cancelled ends here.
	cancelled, err := m.store.JobCancelled(ctx, t.JobID)
	if err != nil {
		return t, false, fmt.Errorf("asynctask: look for job %s: %w", t.JobID, err)
	}
	if cancelled {
		return m.decide(ctx, t, StateCancelled, cancelCause())
	}
	err = m.fanOut(ctx, t, s)
	switch {
	case errors.Is(err, ErrNotRunning):
		return t, false, nil // somebody else has the task
	case errors.Is(err, errPastDeadline):
		return t, true, nil
	case errors.Is(err, ErrBadRequest), errors.Is(err, ErrPayloadTooLarge), errors.Is(err, ErrDuplicateRequest):
		return m.decide(ctx, t, StateFailed, permanent(err))
	case err != nil:
		return t, false, err
	}
	if _, err := m.advances.Do(ctx, advanceKey(t.ID, s.Name), struct{}{}); err != nil {
		return t, false, err
	}
	next, err := m.store.Task(ctx, t.ID)
	return next, err == nil && next.State == StateRunning && next.Step == s.Name && next.Answered, err
}

// settle counts an answered step, asks its policy, and goes on to the next
// step or to the end.
func (m *Manager) settle(ctx context.Context, t Task, d *Definition, s *Step) (Task, bool, error) {
	tally, err := m.store.Tally(ctx, t.ID, s.Name)
	if err != nil {
		return t, false, fmt.Errorf("asynctask: tally %s/%s: %w", t.ID, s.Name, err)
	}
	counts := t.Counts.plus(tally.Counts)
	policy := s.Policy
	if policy == nil {
		policy = AllSucceed()
	}
	_, i := d.step(s.Name)
	outcome, cause := StateRunning, (*ReplyError)(nil)
	switch {
	case !policy(tally.Total, tally.Failed):
		outcome = StateFailed
		cause = &ReplyError{Code: CodeRequestsFailed, Text: fmt.Sprintf("step %s: %d of %d requests failed", s.Name, tally.Failed, tally.Total)}
	case i == len(d.Steps)-1:
		outcome = StateCompleted
	}
	return m.move(ctx, t, func(now *Task) bool {
		if now.State != StateRunning || now.Step != t.Step || !now.Answered {
			return false
		}
		now.Counts = counts
		if outcome != StateRunning {
			m.setOutcome(now, outcome, cause)
			return true
		}
		now.Step, now.Sealed, now.Answered = d.Steps[i+1].Name, false, false
		return true
	})
}

// decide ends a task whose step is not finished.
func (m *Manager) decide(ctx context.Context, t Task, outcome State, cause *ReplyError) (Task, bool, error) {
	return m.move(ctx, t, func(now *Task) bool {
		if now.State != StateRunning {
			return false
		}
		m.setOutcome(now, outcome, cause)
		return true
	})
}

func (m *Manager) setOutcome(t *Task, outcome State, cause *ReplyError) {
	t.State, t.Outcome, t.Error, t.EndedAt = StateEnding, outcome, cause, m.now()
}

// move changes a claimed task and keeps it claimed.
func (m *Manager) move(ctx context.Context, t Task, change func(*Task) bool) (Task, bool, error) {
	return m.update(ctx, t, func(t *Task) bool {
		t.Owner, t.NextAt = m.owner, m.now().Add(m.cfg.Lease)
		return change(t)
	})
}

func cancelCause() *ReplyError {
	return &ReplyError{Code: CodeCancelled, Text: "the job was cancelled"}
}

// permanent is the error, as stored with a task, that no retry can mend.
func permanent(err error) *ReplyError {
	code := CodeBadRequest
	switch {
	case errors.Is(err, ErrDuplicateRequest):
		code = CodeDuplicateRequest
	case errors.Is(err, ErrPayloadTooLarge):
		code = CodePayloadTooLarge
	}
	return &ReplyError{Code: code, Text: clip(err.Error())}
}
