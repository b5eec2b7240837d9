package asynctask

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/groupcommit"
)

// Manager runs tasks of the definitions it was given. Any number of managers,
// in any number of processes, may share a store; at least one of them must be
// in Run for tasks to move. All methods are safe for concurrent use.
type Manager struct {
	store  Store
	bus    eventbus.Publisher
	cfg    Config
	defs   map[string]*Definition
	scopes []Scope // every type and step known here
	owner  string

	mu       sync.Mutex
	reported map[Scope]bool // steps that observers were told of

	wakes    map[string]chan struct{} // by type: a task became due; one token is enough
	drained  memory                   // sealed steps without waiting requests
	reads    *groupcommit.Group[string, struct{}, Task]
	closings *groupcommit.Group[struct{}, Closing, Closed]
	advances *groupcommit.Group[string, struct{}, bool]
}

// NewManager returns a manager of the definitions. Errors match ErrBadDefinition.
func NewManager(store Store, bus eventbus.Publisher, cfg Config, defs ...Definition) (*Manager, error) {
	m := &Manager{
		store: store, bus: bus, cfg: cfg.withDefaults(),
		defs:  make(map[string]*Definition, len(defs)),
		owner: newOwner(), wakes: make(map[string]chan struct{}, len(defs)), reported: make(map[Scope]bool),
	}
	for _, d := range defs {
		if err := d.validate(); err != nil {
			return nil, err
		}
		if m.defs[d.Type] != nil {
			return nil, fmt.Errorf("%w: type %q twice", ErrBadDefinition, d.Type)
		}
		m.defs[d.Type], m.wakes[d.Type] = &d, make(chan struct{}, 1)
		for _, scope := range d.scopes() {
			m.scopes = append(m.scopes, scope)
			m.reported[scope] = true
		}
	}
	m.reads = groupcommit.New(m.cfg.Batch, m.readBatch)
	m.closings = groupcommit.New(m.cfg.Batch, func(ctx context.Context, _ struct{}, in []Closing) ([]Closed, error) {
		return m.store.CloseRequests(ctx, in)
	})
	m.advances = groupcommit.New(m.cfg.Batch, m.advanceBatch)
	return m, nil
}

// readBatch reads a task once for all the replies that wait for it.
func (m *Manager) readBatch(ctx context.Context, id string, in []struct{}) ([]Task, error) {
	t, err := m.store.Task(ctx, id)
	out := make([]Task, len(in))
	for i := range out {
		out[i] = t
	}
	return out, err
}

// Start stores a new task; Run does the rest. When it returns nil the task is
// durable. A task that has the same id already is returned as it is, with
// Result.Existing. Errors match ErrUnknownType, ErrBadStart, ErrPayloadTooLarge.
func (m *Manager) Start(ctx context.Context, opt StartOptions) (Result, error) {
	d := m.defs[opt.Type]
	if d == nil {
		return Result{}, fmt.Errorf("%w: %q", ErrUnknownType, opt.Type)
	}
	if len(opt.Payload) > m.cfg.MaxPayload {
		return Result{}, fmt.Errorf("%w: %d bytes to start %s, limit %d", ErrPayloadTooLarge, len(opt.Payload), opt.Type, m.cfg.MaxPayload)
	}
	if len(opt.Payload) > 0 && !storable(opt.Payload) {
		return Result{}, fmt.Errorf("%w: the payload is not JSON in UTF-8", ErrBadStart)
	}
	task, err := m.newTask(d, opt)
	if err != nil {
		return Result{}, err
	}
	stored, inserted, err := m.store.InsertTask(ctx, task)
	if err != nil {
		return Result{}, fmt.Errorf("asynctask: start %s: %w", opt.Type, err)
	}
	if inserted {
		m.observe(TaskStarted, stored)
		m.signal(stored.Type)
	}
	return Result{Task: stored, Existing: !inserted, Completed: stored.State.Final()}, nil
}

func (m *Manager) newTask(d *Definition, opt StartOptions) (Task, error) {
	now := m.now()
	t := Task{
		ID: opt.ID, Type: d.Type, Step: d.Steps[0].Name, State: StateRunning,
		JobID: opt.JobID, RequestID: opt.RequestID, ReplyTopic: opt.ReplyTopic,
		Payload: opt.Payload, TraceID: opt.TraceID,
		Version: 1, NextAt: now, CreatedAt: now, UpdatedAt: now,
	}
	switch {
	case t.ID == "" && opt.RequestID != "":
		sum := sha256.Sum256([]byte(d.Type + "\x00" + opt.RequestID))
		t.ID = d.Type + "_" + base62(sum[:9])
	case t.ID == "":
		var b [9]byte
		if _, err := rand.Read(b[:]); err != nil {
			return Task{}, fmt.Errorf("asynctask: new task id: %w", err)
		}
		t.ID = d.Type + "_" + base62(b[:])
	case strings.Contains(t.ID, "/"):
		return Task{}, fmt.Errorf("%w: id %q contains a slash", ErrBadStart, t.ID)
	}
	for _, s := range []string{t.ID, t.JobID, t.RequestID, t.ReplyTopic} {
		if !fit(s) {
			return Task{}, fmt.Errorf("%w: %q: at most %d bytes of UTF-8 without NUL", ErrBadStart, s, maxName)
		}
	}
	if t.JobID == "" {
		t.JobID = t.ID
	}
	if d.Deadline > 0 {
		t.Deadline = now.Add(d.Deadline)
	}
	return t, nil
}

// base62 writes b, a big-endian number, in digits and letters.
func base62(b []byte) string {
	return new(big.Int).SetBytes(b).Text(62)
}

func (m *Manager) now() time.Time { return m.cfg.Clock.Now().UTC().Truncate(time.Microsecond) }

// signal wakes Run, in this process, to look at once for due tasks of a type.
func (m *Manager) signal(typ string) {
	select {
	case m.wakes[typ] <- struct{}{}:
	default: // there is a token already, or the type is not known here
	}
}

func (m *Manager) observe(k Kind, t Task) {
	m.cfg.Observer.Observe(Observation{Kind: k, Type: t.Type, Step: t.Step, TaskID: t.ID, State: t.State, TraceID: t.TraceID})
}

// known returns the definition and step of a scope, or ErrUnknownType or
// ErrUnknownStep.
func (m *Manager) known(typ, step string) (*Definition, *Step, error) {
	d := m.defs[typ]
	if d == nil {
		return nil, nil, fmt.Errorf("%w: %q", ErrUnknownType, typ)
	}
	s, _ := d.step(step)
	if s == nil {
		return nil, nil, fmt.Errorf("%w: %q of %s", ErrUnknownStep, step, typ)
	}
	return d, s, nil
}

// update changes a task by compare-and-set until it succeeds or change returns
// false, which means that there is nothing to do any more.
func (m *Manager) update(ctx context.Context, t Task, change func(*Task) bool) (Task, bool, error) {
	for {
		if !change(&t) {
			return t, false, nil
		}
		t.UpdatedAt = m.now()
		version, err := m.store.UpdateTask(ctx, t)
		if err == nil {
			t.Version = version
			return t, true, nil
		}
		if !errors.Is(err, ErrConflict) {
			return t, false, fmt.Errorf("asynctask: update %s: %w", t.ID, err)
		}
		if t, err = m.store.Task(ctx, t.ID); err != nil {
			return t, false, fmt.Errorf("asynctask: update: %w", err)
		}
	}
}
