package memstore

import (
	"sort"
	"sync"
	"time"

	"github.com/hexplane/hexplane/asynctask"
)

// Store implements asynctask.Store. It is safe for concurrent use.
type Store struct {
	mu    sync.Mutex
	tasks map[string]*asynctask.Task
	steps map[string]map[string]*stepData // by task id, then step name
	jobs  map[string]time.Time            // cancelled jobs and when to forget them
	made  int64                           // orders steps by first appearance
}

// New returns an empty store.
func New() *Store {
	return &Store{
		tasks: make(map[string]*asynctask.Task),
		steps: make(map[string]map[string]*stepData),
		jobs:  make(map[string]time.Time),
	}
}

// stepData holds one step's requests, indexed as the operations need them.
type stepData struct {
	made     int64
	records  map[string]*asynctask.Record
	waiting  []*asynctask.Record // by Seq
	inFlight map[string]*asynctask.Record
	level    asynctask.Level
}

func (s *Store) step(taskID, step string) *stepData {
	byStep := s.steps[taskID]
	if byStep == nil {
		byStep = make(map[string]*stepData)
		s.steps[taskID] = byStep
	}
	d := byStep[step]
	if d == nil {
		s.made++
		d = &stepData{made: s.made, records: map[string]*asynctask.Record{}, inFlight: map[string]*asynctask.Record{}}
		byStep[step] = d
	}
	return d
}

func (s *Store) running(taskID, step string) bool {
	t := s.tasks[taskID]
	return t != nil && t.State == asynctask.StateRunning && t.Step == step
}

// enqueue puts a waiting record at its place.
func (d *stepData) enqueue(r *asynctask.Record) {
	i := len(d.waiting)
	if i > 0 && d.waiting[i-1].Seq > r.Seq {
		i = sort.Search(i, func(i int) bool { return d.waiting[i].Seq > r.Seq })
	}
	d.waiting = append(d.waiting, nil)
	copy(d.waiting[i+1:], d.waiting[i:])
	d.waiting[i] = r
}

// next takes the earliest record that still waits, nil if none does.
func (d *stepData) next() *asynctask.Record {
	for len(d.waiting) > 0 {
		r := d.waiting[0]
		d.waiting[0] = nil
		d.waiting = d.waiting[1:]
		if r.State == asynctask.RequestWaiting {
			return r
		}
	}
	return nil
}

func (d *stepData) open() bool {
	for len(d.waiting) > 0 && d.waiting[0].State != asynctask.RequestWaiting {
		d.waiting = d.waiting[1:] // closed before it was admitted
	}
	return len(d.waiting) > 0 || len(d.inFlight) > 0
}

// close moves an open record into a closed state.
func (d *stepData) close(r *asynctask.Record, state asynctask.RequestState) {
	if r.State == asynctask.RequestInFlight {
		delete(d.inFlight, r.Name)
		d.level.InFlight--
	}
	switch state {
	case asynctask.RequestOK:
		d.level.OK++
	case asynctask.RequestFailed:
		d.level.Failed++
	default:
		d.level.Cancelled++
	}
	r.State, r.NextAt = state, time.Time{}
}

func due(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }

func scoped(scopes []asynctask.Scope, typ, step string) bool {
	for _, sc := range scopes {
		if sc.Type == typ && sc.Step == step {
			return true
		}
	}
	return false
}
