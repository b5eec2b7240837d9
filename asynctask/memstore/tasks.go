package memstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hexplane/hexplane/asynctask"
)

// InsertTask implements asynctask.TaskStore.
func (s *Store) InsertTask(_ context.Context, t asynctask.Task) (asynctask.Task, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.tasks[t.ID]; old != nil {
		return *old, false, nil
	}
	s.tasks[t.ID] = &t
	return t, true, nil
}

// Task implements asynctask.TaskStore.
func (s *Store) Task(_ context.Context, id string) (asynctask.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tasks[id]
	if t == nil {
		return asynctask.Task{}, asynctask.ErrTaskNotFound
	}
	return *t, nil
}

// UpdateTask implements asynctask.TaskStore.
func (s *Store) UpdateTask(_ context.Context, t asynctask.Task) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.tasks[t.ID]
	switch {
	case old == nil:
		return 0, asynctask.ErrTaskNotFound
	case old.Version != t.Version:
		return 0, asynctask.ErrConflict
	}
	t.Version++
	*old = t
	return t.Version, nil
}

// ClaimTasks implements asynctask.TaskStore.
func (s *Store) ClaimTasks(_ context.Context, c asynctask.Claim) ([]asynctask.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*asynctask.Task
	for _, t := range s.tasks {
		if due(t.NextAt, c.Now) && scoped(c.Scopes, t.Type, t.Step) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *asynctask.Task) int { return a.NextAt.Compare(b.NextAt) })
	out := make([]asynctask.Task, 0, min(c.Limit, len(found)))
	for _, t := range found[:min(c.Limit, len(found))] {
		t.Owner, t.NextAt = c.Owner, c.Until
		t.Version++
		out = append(out, *t)
	}
	return out, nil
}

// RenewTask implements asynctask.TaskStore.
func (s *Store) RenewTask(_ context.Context, id, owner string, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tasks[id]
	if t == nil || t.Owner != owner {
		return asynctask.ErrConflict
	}
	t.NextAt = until
	return nil
}

// ListTasks implements asynctask.TaskStore.
func (s *Store) ListTasks(_ context.Context, f asynctask.TaskFilter) ([]asynctask.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []asynctask.Task
	for _, t := range s.tasks {
		if matches(t, f) {
			out = append(out, *t)
		}
	}
	slices.SortFunc(out, func(a, b asynctask.Task) int { return strings.Compare(a.ID, b.ID) })
	return out[:min(len(out), limitOr(f.Limit))], nil
}

func matches(t *asynctask.Task, f asynctask.TaskFilter) bool {
	return t.ID > f.After &&
		(f.JobID == "" || f.JobID == t.JobID) &&
		(f.Type == "" || f.Type == t.Type) &&
		(len(f.States) == 0 || slices.Contains(f.States, t.State)) &&
		(f.CreatedFrom.IsZero() || !t.CreatedAt.Before(f.CreatedFrom)) &&
		(f.CreatedBefore.IsZero() || t.CreatedAt.Before(f.CreatedBefore))
}

func limitOr(n int) int {
	if n <= 0 {
		return 100
	}
	return n
}

// Unfinished implements asynctask.TaskStore.
func (s *Store) Unfinished(context.Context) (map[asynctask.Scope]asynctask.Unfinished, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[asynctask.Scope]asynctask.Unfinished{}
	for _, t := range s.tasks {
		if t.NextAt.IsZero() {
			continue
		}
		scope := asynctask.Scope{Type: t.Type, Step: t.Step}
		u := out[scope]
		u.Tasks++
		if d := s.steps[t.ID][t.Step]; d != nil {
			u.Open += d.level.Waiting() + d.level.InFlight
		}
		out[scope] = u
	}
	return out, nil
}

// DeleteExpired implements asynctask.TaskStore.
func (s *Store) DeleteExpired(_ context.Context, now time.Time, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for id, at := range s.jobs {
		if n < limit && due(at, now) {
			delete(s.jobs, id)
			n++
		}
	}
	for id, t := range s.tasks {
		if n < limit && due(t.ExpireAt, now) {
			delete(s.tasks, id)
			delete(s.steps, id)
			n++
		}
	}
	return n, nil
}
