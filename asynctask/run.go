package asynctask

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

var noTime time.Time

// Run drives tasks and sweeps until ctx ends: it fans out steps, publishes and
// times out requests, ends tasks, takes over from dead processes and deletes
// what expired. It returns nil once everything it had begun has stopped; what
// was left half done, here or by a crash, is due again when its lease ends.
func (m *Manager) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() {
		m.every(ctx, m.cfg.Poll, nil, func(ctx context.Context) (bool, error) {
			_, more, err := m.sweepRequests(ctx)
			return more, err
		})
	})
	wg.Go(func() { m.every(ctx, time.Minute, nil, m.housekeep) })
	for _, d := range m.defs {
		wg.Go(func() { m.runType(ctx, d) })
	}
	wg.Wait()
	return nil
}

// runType drives the tasks of one type. Each type has its own slots: of one whose
// streams or hooks are stuck the others notice nothing.
func (m *Manager) runType(ctx context.Context, d *Definition) {
	var wg sync.WaitGroup
	slots, scopes := make(chan struct{}, m.cfg.Workers), d.scopes()
	m.every(ctx, m.cfg.Poll, m.wakes[d.Type], func(ctx context.Context) (bool, error) {
		return m.claimInto(ctx, scopes, slots, &wg)
	})
	wg.Wait()
}

// every calls do when it starts, then each interval or token of wake; at once
// again while do says that there is more.
func (m *Manager) every(ctx context.Context, interval time.Duration, wake <-chan struct{}, do func(context.Context) (bool, error)) {
	for ctx.Err() == nil {
		more, err := do(ctx)
		if err != nil {
			m.erred(ctx, Task{}, "sweep", err)
		} else if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-m.cfg.Clock.After(interval):
		}
	}
}

// claimInto claims as many due tasks as there are free slots and drives each
// in a goroutine of its own.
func (m *Manager) claimInto(ctx context.Context, scopes []Scope, slots chan struct{}, wg *sync.WaitGroup) (bool, error) {
	select {
	case slots <- struct{}{}: // wait for one free slot, then take what is free
		<-slots
	case <-ctx.Done():
		return false, nil
	}
	free := cap(slots) - len(slots)
	tasks, err := m.claimTasks(ctx, scopes, free)
	if err != nil {
		return false, err
	}
	for _, t := range tasks {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := m.safely(ctx, t); err != nil {
				m.erred(ctx, t, "task", err)
			}
		})
	}
	return len(tasks) == free, nil
}

// safely drives a task; a panic of a step or hook is an error like any other.
func (m *Manager) safely(ctx context.Context, t Task) (err error) {
	defer m.hold(ctx, t)()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("asynctask: panic: %v\n%s", p, debug.Stack())
		}
	}()
	return m.drive(ctx, t)
}

func (m *Manager) claimTasks(ctx context.Context, scopes []Scope, limit int) ([]Task, error) {
	began := time.Now()
	now := m.now()
	tasks, err := m.store.ClaimTasks(ctx, Claim{Scopes: scopes, Owner: m.owner, Now: now, Until: now.Add(m.cfg.Lease), Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("asynctask: claim tasks: %w", err)
	}
	m.swept(len(tasks), began)
	return tasks, nil
}

func (m *Manager) swept(n int, began time.Time) {
	if n > 0 {
		m.cfg.Observer.Observe(Observation{Kind: Swept, Count: int64(n), Duration: time.Since(began)})
	}
}

// Sweep does once, in the caller's goroutine, everything that is due now and
// becomes due by it. Tests use it instead of Run to go step by step.
func (m *Manager) Sweep(ctx context.Context) error {
	var errs []error
	for {
		tasks, err := m.claimTasks(ctx, m.scopes, m.cfg.Workers)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, t := range tasks {
			errs = append(errs, m.safely(ctx, t))
		}
		requests, _, err := m.sweepRequests(ctx)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		if len(tasks) == 0 && !requests {
			break
		}
	}
	for more := true; more; {
		var err error
		more, err = m.housekeep(ctx)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// housekeep deletes what expired and reports tasks that are not finished.
func (m *Manager) housekeep(ctx context.Context) (bool, error) {
	n, err := m.store.DeleteExpired(ctx, m.now(), m.cfg.Batch)
	if err != nil {
		return false, fmt.Errorf("asynctask: delete expired: %w", err)
	}
	if n > 0 {
		return true, nil
	}
	_, err = m.Unknown(ctx)
	return false, err
}
