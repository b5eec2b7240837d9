package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/hexplane/hexplane/asynctask"
)

// CancelJob implements asynctask.JobStore.
func (s *Store) CancelJob(_ context.Context, jobID string, cause asynctask.ReplyError, now, expireAt time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[jobID] = expireAt
	n := 0
	for _, t := range s.tasks {
		if t.JobID != jobID || t.State != asynctask.StateRunning {
			continue
		}
		t.State, t.Outcome, t.Error = asynctask.StateEnding, asynctask.StateCancelled, &cause
		t.EndedAt, t.UpdatedAt, t.NextAt, t.Owner = now, now, now, ""
		t.Version++
		n++
	}
	return n, nil
}

// JobCancelled implements asynctask.JobStore.
func (s *Store) JobCancelled(_ context.Context, jobID string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, cancelled := s.jobs[jobID]
	return cancelled, nil
}

// Progress implements asynctask.JobStore.
func (s *Store) Progress(_ context.Context, jobID string) ([]asynctask.Level, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sums := map[asynctask.Scope]*level{}
	for _, t := range s.tasks {
		if t.JobID != jobID {
			continue
		}
		s.step(t.ID, t.Step) // a step reached counts, even before its first request
		for step, d := range s.steps[t.ID] {
			if step != t.Step && len(d.records) == 0 {
				continue
			}
			growing := t.State == asynctask.StateRunning && t.Step == step && !t.Sealed
			add(sums, asynctask.Scope{Type: t.Type, Step: step}, d, growing)
		}
	}
	levels := make([]*level, 0, len(sums))
	for _, l := range sums {
		levels = append(levels, l)
	}
	slices.SortFunc(levels, func(a, b *level) int { return int(a.made - b.made) })
	out := make([]asynctask.Level, len(levels))
	for i, l := range levels {
		out[i] = l.Level
	}
	return out, nil
}

type level struct {
	asynctask.Level
	made int64
}

func add(sums map[asynctask.Scope]*level, scope asynctask.Scope, d *stepData, growing bool) {
	l := sums[scope]
	if l == nil {
		l = &level{Level: asynctask.Level{Type: scope.Type, Step: scope.Step}, made: d.made}
		sums[scope] = l
	}
	l.made = min(l.made, d.made)
	l.Tasks++
	if growing {
		l.Growing++
	}
	l.Total += d.level.Total
	l.InFlight += d.level.InFlight
	l.OK += d.level.OK
	l.Failed += d.level.Failed
	l.Cancelled += d.level.Cancelled
	l.Late += d.level.Late
}
