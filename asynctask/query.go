package asynctask

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Task returns a task. Errors match ErrTaskNotFound.
func (m *Manager) Task(ctx context.Context, id string) (Task, error) {
	if !fit(id) { // a database would rather fail
		return Task{}, fmt.Errorf("%w: %q", ErrTaskNotFound, id)
	}
	return m.store.Task(ctx, id)
}

// Tasks lists tasks in order of id; continue after the last one's id.
func (m *Manager) Tasks(ctx context.Context, f TaskFilter) ([]Task, error) {
	return m.store.ListTasks(ctx, f)
}

// Requests lists a task's requests in order of step and name; continue after
// the last one's step and name.
func (m *Manager) Requests(ctx context.Context, f RequestFilter) ([]Record, error) {
	return m.store.ListRequests(ctx, f)
}

// Failures is Requests for those that failed or were cancelled.
func (m *Manager) Failures(ctx context.Context, f RequestFilter) ([]Record, error) {
	f.States = []RequestState{RequestFailed, RequestCancelled}
	return m.store.ListRequests(ctx, f)
}

// Progress sums up a job, one level per type and step. Its cost grows with the
// number of tasks, not of requests. It informs; nothing is decided by it.
func (m *Manager) Progress(ctx context.Context, jobID string) ([]Level, error) {
	return m.store.Progress(ctx, jobID)
}

// Unknown returns how many unfinished tasks are at a type or step that this
// binary does not know. They are left alone until one that knows it runs.
func (m *Manager) Unknown(ctx context.Context) (map[Scope]int64, error) {
	all, err := m.store.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("asynctask: unfinished tasks: %w", err)
	}
	unknown := map[Scope]int64{}
	for _, scope := range m.toReport(all) {
		n, known := all[scope], slices.Contains(m.scopes, scope)
		m.cfg.Observer.Observe(Observation{Kind: StepUnfinished, Type: scope.Type, Step: scope.Step, Count: n.Tasks, Open: n.Open, Known: known})
		if !known && n.Tasks > 0 {
			unknown[scope] = n.Tasks
			m.cfg.Logger.WarnContext(ctx, "tasks unknown to this binary are left alone", "type", scope.Type, "step", scope.Step, "tasks", n.Tasks)
		}
	}
	return unknown, nil
}

// toReport returns the steps to tell of: those known here, those with unfinished
// tasks, and those that had some before, of which it has to be told that they
// have none any more.
func (m *Manager) toReport(unfinished map[Scope]Unfinished) []Scope {
	m.mu.Lock()
	defer m.mu.Unlock()
	for scope := range unfinished {
		m.reported[scope] = true
	}
	return slices.Collect(maps.Keys(m.reported))
}

// SetWindow changes the window of a step of a running task; negative: no
// limit, 0: publish no more until it is changed again. Requests already in
// flight stay so; a batch per process may still be admitted by the window of
// before. Errors match ErrTaskNotFound, ErrUnknownType, ErrUnknownStep, ErrEnded.
func (m *Manager) SetWindow(ctx context.Context, taskID, step string, window int) error {
	t, err := m.Task(ctx, taskID)
	if err != nil {
		return fmt.Errorf("asynctask: set window: %w", err)
	}
	if _, _, err := m.known(t.Type, step); err != nil {
		return err
	}
	t, changed, err := m.update(ctx, t, func(t *Task) bool {
		if t.State != StateRunning {
			return false
		}
		windows := map[string]int{step: window}
		for s, w := range t.Windows {
			if s != step {
				windows[s] = w
			}
		}
		t.Windows = windows
		return true
	})
	if err == nil && !changed {
		err = fmt.Errorf("%w: %s", ErrEnded, taskID)
	}
	if err != nil {
		return err
	}
	_, err = m.advances.Do(ctx, advanceKey(t.ID, t.Step), struct{}{})
	return err
}

func advanceKey(taskID, step string) string { return taskID + "/" + step }

func splitAdvanceKey(key string) (taskID, step string) {
	taskID, step, _ = strings.Cut(key, "/")
	return taskID, step
}
