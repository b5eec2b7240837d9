package memstore

import (
	"context"
	"math"
	"slices"

	"github.com/hexplane/hexplane/asynctask"
)

// InsertRequests implements asynctask.RequestStore.
func (s *Store) InsertRequests(_ context.Context, taskID, step string, recs []asynctask.Record) ([]asynctask.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running(taskID, step) || s.tasks[taskID].Sealed {
		return nil, asynctask.ErrNotRunning
	}
	d := s.step(taskID, step)
	var existing []asynctask.Record
	for _, r := range recs {
		if old := d.records[r.Name]; old != nil {
			existing = append(existing, *old)
			continue
		}
		d.records[r.Name] = &r
		d.enqueue(&r)
		d.level.Total++
	}
	return existing, nil
}

// Admit implements asynctask.RequestStore.
func (s *Store) Admit(_ context.Context, a asynctask.Admission) ([]asynctask.Record, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running(a.TaskID, a.Step) {
		return nil, true, nil
	}
	d := s.step(a.TaskID, a.Step)
	var out []asynctask.Record
	room := allowance(a.Bytes)
	for len(out) < a.Limit && room > 0 && (a.Window < 0 || len(d.inFlight) < a.Window) {
		r := d.next()
		if r == nil {
			break
		}
		r.State, r.Attempt, r.SentAt, r.NextAt = asynctask.RequestInFlight, 1, a.Now, a.Until
		d.inFlight[r.Name] = r
		d.level.InFlight++
		room -= len(r.Payload)
		out = append(out, *r)
	}
	return out, len(d.waiting) > 0, nil
}

// Reschedule implements asynctask.RequestStore.
func (s *Store) Reschedule(_ context.Context, recs []asynctask.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range recs {
		if old := s.step(r.TaskID, r.Step).inFlight[r.Name]; old != nil {
			old.Sent, old.SentAt, old.Attempt, old.NextAt, old.Reply = r.Sent, r.SentAt, r.Attempt, r.NextAt, r.Reply
		}
	}
	return nil
}

// ClaimRequests implements asynctask.RequestStore.
func (s *Store) ClaimRequests(_ context.Context, c asynctask.Claim) ([]asynctask.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*asynctask.Record
	for _, byStep := range s.steps {
		for _, d := range byStep {
			for _, r := range d.inFlight {
				if due(r.NextAt, c.Now) && scoped(c.Scopes, r.Type, r.Step) {
					found = append(found, r)
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b *asynctask.Record) int { return a.NextAt.Compare(b.NextAt) })
	out := make([]asynctask.Record, 0, min(c.Limit, len(found)))
	room := allowance(c.Bytes)
	for _, r := range found[:min(c.Limit, len(found))] {
		if room <= 0 {
			break
		}
		r.NextAt = c.Until
		room -= len(r.Payload)
		out = append(out, *r)
	}
	return out, nil
}

// allowance is a bound of bytes, of which 0 is none.
func allowance(bytes int) int {
	if bytes <= 0 {
		return math.MaxInt
	}
	return bytes
}

// CloseRequests implements asynctask.RequestStore.
func (s *Store) CloseRequests(_ context.Context, closings []asynctask.Closing) ([]asynctask.Closed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]asynctask.Closed, len(closings))
	for i, c := range closings {
		out[i] = s.closeOne(c)
	}
	return out, nil
}

func (s *Store) closeOne(c asynctask.Closing) asynctask.Closed {
	d := s.steps[c.TaskID][c.Step]
	if d == nil || d.records[c.Name] == nil {
		return asynctask.Closed{Found: asynctask.FoundNothing}
	}
	r := d.records[c.Name]
	closed := asynctask.Closed{SentAt: r.SentAt}
	switch {
	case r.State.Open() && c.Late:
		d.close(r, asynctask.RequestCancelled)
		r.Reply, r.Late = nil, r.Late+1
		d.level.Late++
	case r.State.Open():
		d.close(r, c.State)
		reply := c.Reply
		reply.Payload = nil
		r.Reply = &reply
	case r.Reply != nil && !r.Reply.Timestamp.IsZero():
		closed.Found = asynctask.FoundAnswered
	default:
		closed.Found = asynctask.FoundClosed
		r.Late++
		d.level.Late++
	}
	return closed
}

// HasOpen implements asynctask.RequestStore.
func (s *Store) HasOpen(_ context.Context, taskID, step string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.steps[taskID][step]
	return d != nil && d.open(), nil
}

// CloseOpen implements asynctask.RequestStore.
func (s *Store) CloseOpen(_ context.Context, taskID string, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, d := range s.steps[taskID] {
		for _, r := range d.inFlight {
			if n == limit {
				return n, nil
			}
			d.close(r, asynctask.RequestCancelled)
			n++
		}
		for n < limit {
			r := d.next()
			if r == nil {
				break
			}
			d.close(r, asynctask.RequestCancelled)
			n++
		}
	}
	return n, nil
}

// Tally implements asynctask.RequestStore.
func (s *Store) Tally(_ context.Context, taskID, step string) (asynctask.Tally, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var t asynctask.Tally
	d := s.steps[taskID][step]
	if d == nil {
		return t, nil
	}
	for _, r := range d.records {
		t.Total++
		if r.State == asynctask.RequestFailed || r.State == asynctask.RequestCancelled {
			t.Failed++
		}
		c := r.Counts()
		t.Counts.Total += c.Total
		t.Counts.OK += c.OK
		t.Counts.Failed += c.Failed
	}
	return t, nil
}

// ListRequests implements asynctask.RequestStore.
func (s *Store) ListRequests(_ context.Context, f asynctask.RequestFilter) ([]asynctask.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []asynctask.Record
	for step, d := range s.steps[f.TaskID] {
		if f.Step != "" && f.Step != step || step < f.AfterStep {
			continue
		}
		for _, r := range d.records {
			if (step > f.AfterStep || r.Name > f.AfterName) && (len(f.States) == 0 || slices.Contains(f.States, r.State)) {
				out = append(out, *r)
			}
		}
	}
	slices.SortFunc(out, func(a, b asynctask.Record) int {
		if a.Step != b.Step {
			return compare(a.Step, b.Step)
		}
		return compare(a.Name, b.Name)
	})
	return out[:min(len(out), limitOr(f.Limit))], nil
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}
