package asynctask

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// sweepRequests takes up requests in flight that are due: those claimed for
// publishing by somebody who died, those to be published again after a
// backoff, those that were not answered in time, and those with a parked reply.
// It reports whether there were any, and whether there may be more.
func (m *Manager) sweepRequests(ctx context.Context) (found, more bool, err error) {
	began, now := time.Now(), m.now()
	recs, err := m.store.ClaimRequests(ctx, Claim{
		Scopes: m.scopes, Owner: m.owner, Now: now, Until: now.Add(m.cfg.Lease), Limit: m.cfg.Batch, Bytes: m.cfg.BatchBytes,
	})
	if err != nil {
		return false, false, fmt.Errorf("asynctask: claim requests: %w", err)
	}
	m.swept(len(recs), began)
	var errs []error
	for _, group := range byStep(recs) {
		if err := m.takeUp(ctx, group); err != nil {
			errs = append(errs, err)
		}
	}
	return len(recs) > 0, m.wasFull(recs), errors.Join(errs...)
}

func byStep(recs []Record) map[string][]Record {
	groups := map[string][]Record{}
	for _, r := range recs {
		k := advanceKey(r.TaskID, r.Step)
		groups[k] = append(groups[k], r)
	}
	return groups
}

// takeUp handles due requests of one step. Those of a task that no longer runs
// are left to closeLeftovers.
func (m *Manager) takeUp(ctx context.Context, recs []Record) error {
	t, err := m.store.Task(ctx, recs[0].TaskID)
	if err != nil {
		return fmt.Errorf("asynctask: take up %s: %w", recs[0].ID(), err)
	}
	_, s, err := m.known(t.Type, recs[0].Step)
	if err != nil || t.State != StateRunning || t.Step != recs[0].Step {
		return err
	}
	var publish, later []Record
	var errs []error
	for _, r := range recs {
		switch {
		case r.Reply != nil:
			errs = append(errs, m.unpark(ctx, s, r))
		case !r.Sent:
			publish = append(publish, r)
		case r.Attempt < s.Retry.Attempts:
			m.timedOut(t, r)
			if r = m.again(s, r); r.NextAt.IsZero() {
				publish = append(publish, r)
			} else {
				later = append(later, r)
			}
		default:
			m.timedOut(t, r)
			errs = append(errs, m.expire(ctx, t, r))
		}
	}
	if len(later) > 0 {
		errs = append(errs, m.store.Reschedule(ctx, later))
	}
	if len(publish) > 0 {
		errs = append(errs, m.publishDue(ctx, t, s, publish))
	}
	return errors.Join(errs...)
}

// publishDue publishes requests and, if the bus refused some, advances the task:
// they may have been the last open ones, and their places are free.
func (m *Manager) publishDue(ctx context.Context, t Task, s *Step, recs []Record) error {
	refused, err := m.publish(ctx, t, s, recs)
	if refused {
		_, advanceErr := m.advances.Do(ctx, advanceKey(t.ID, s.Name), struct{}{})
		err = errors.Join(err, advanceErr)
	}
	return err
}

// unpark dispatches a parked reply; one that cannot be accepted is dropped, as
// if it had never come.
func (m *Manager) unpark(ctx context.Context, s *Step, r Record) error {
	_, err := m.dispatch(ctx, *r.Reply)
	if !errors.Is(err, ErrWrongEventType) {
		return err
	}
	r.Reply, r.NextAt = nil, noTime
	if s.Timeout > 0 {
		r.NextAt = m.now().Add(s.Timeout)
	}
	return errors.Join(err, m.store.Reschedule(ctx, []Record{r}))
}

// again prepares the next attempt: at once, or after the backoff with NextAt.
func (m *Manager) again(s *Step, r Record) Record {
	wait := s.Retry.delay(r.Attempt)
	r.Sent, r.Attempt, r.NextAt = false, r.Attempt+1, noTime
	if wait > 0 {
		r.NextAt = m.now().Add(wait)
	}
	return r
}

// expire closes a request that was never answered.
func (m *Manager) expire(ctx context.Context, t Task, r Record) error {
	cause := &ReplyError{Code: CodeTimeout, Text: fmt.Sprintf("no reply after %d attempts", r.Attempt)}
	reply := Reply{RequestID: r.ID(), JobID: t.JobID, Status: StatusFailed, Error: cause}
	_, err := m.close(ctx, t, Closing{TaskID: r.TaskID, Step: r.Step, Name: r.Name, State: RequestFailed, Reply: reply})
	if errors.Is(err, ErrLateReply) {
		return nil
	}
	return err
}

func (m *Manager) timedOut(t Task, r Record) {
	m.cfg.Observer.Observe(Observation{
		Kind: RequestTimedOut, Type: t.Type, Step: r.Step, TaskID: t.ID, RequestID: r.ID(), Attempt: r.Attempt, TraceID: t.TraceID,
	})
}
