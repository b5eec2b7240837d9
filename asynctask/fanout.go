package asynctask

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// fanOut stores the requests of the task's step in batches, publishing what
// the window allows as it goes, and seals the step. The ids are deterministic,
// so a fan-out that takes over from another inserts only what is missing, and
// two at once do no harm.
func (m *Manager) fanOut(ctx context.Context, t Task, s *Step) error {
	f := &fanOutRun{m: m, t: t, s: s, flushed: m.now()}
	streaming, stop := m.untilDeadline(ctx, t)
	defer stop()
	var seq int64
	for req, err := range s.Requests(streaming, t) {
		if err != nil {
			return errors.Join(fmt.Errorf("asynctask: stream of %s/%s: %w", t.ID, s.Name, err), f.flush(ctx))
		}
		rec, err := m.record(t, s, seq, req)
		if err != nil {
			return err
		}
		seq++
		f.batch = append(f.batch, rec)
		f.bytes += len(rec.Payload)
		if m.full(len(f.batch), f.bytes) || m.now().Sub(f.flushed) > m.cfg.Lease/4 { // a slow stream's are not kept waiting
			if err := f.flush(ctx); err != nil {
				return err
			}
		}
	}
	if err := f.flush(ctx); err != nil {
		return err
	}
	return m.seal(ctx, t)
}

// seal says durably that every request of the step is stored.
func (m *Manager) seal(ctx context.Context, t Task) error {
	_, _, err := m.update(ctx, t, func(now *Task) bool {
		if now.State != StateRunning || now.Step != t.Step || now.Sealed {
			return false
		}
		now.Sealed, now.Owner, now.NextAt = true, "", m.lookAt(*now)
		return true
	})
	return err
}

// errPastDeadline: the fan-out stopped because the task's deadline passed.
var errPastDeadline = errors.New("asynctask: past the deadline")

func pastDeadline(t Task, now time.Time) bool { return !t.Deadline.IsZero() && !now.Before(t.Deadline) }

// untilDeadline returns a context for the task's stream: one that obeys it does not
// outlast the task.
func (m *Manager) untilDeadline(ctx context.Context, t Task) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if !t.Deadline.IsZero() {
		passed := m.cfg.Clock.After(t.Deadline.Sub(m.now()))
		go func() {
			select {
			case <-passed:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	return ctx, cancel
}

type fanOutRun struct {
	m       *Manager
	t       Task
	s       *Step
	batch   []Record
	bytes   int // of the batch's payloads
	flushed time.Time
}

func (f *fanOutRun) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.flushed = f.m.now(); pastDeadline(f.t, f.flushed) {
		return errPastDeadline
	}
	if len(f.batch) > 0 {
		existing, err := f.m.store.InsertRequests(ctx, f.t.ID, f.s.Name, f.batch)
		if err != nil {
			return fmt.Errorf("asynctask: insert into %s/%s: %w", f.t.ID, f.s.Name, err)
		}
		if err := f.repeated(existing); err != nil {
			return err
		}
		f.batch, f.bytes = f.batch[:0], 0
	}
	// This looks at the task anew: its window may be another by now.
	_, err := f.m.advances.Do(ctx, advanceKey(f.t.ID, f.s.Name), struct{}{})
	return err
}

// repeated tells a name that this very stream yielded twice from one that an
// earlier, interrupted fan-out stored.
func (f *fanOutRun) repeated(existing []Record) error {
	for _, r := range existing {
		if r.Run != f.t.Version {
			continue
		}
		for _, mine := range f.batch {
			if mine.Name == r.Name && mine.Seq != r.Seq {
				return fmt.Errorf("%w: %s", ErrDuplicateRequest, r.ID())
			}
		}
	}
	return nil
}

// record turns what a step yielded into what is stored. Errors match
// ErrBadRequest or ErrPayloadTooLarge.
func (m *Manager) record(t Task, s *Step, seq int64, req Request) (Record, error) {
	r := Record{
		TaskID: t.ID, Step: s.Name, Name: req.Name, Type: t.Type, JobID: t.JobID, Seq: seq, Run: t.Version,
		Topic: req.Topic, EventType: req.EventType, Key: req.Key, State: RequestWaiting,
	}
	if r.Name == "" {
		r.Name = fmt.Sprintf("%010d", seq)
	}
	if req.Topic == "" || req.EventType == "" {
		return r, fmt.Errorf("%w: %s: topic and event type are required", ErrBadRequest, r.ID())
	}
	if !fit(r.Name, r.Key, r.Topic, r.EventType) {
		return r, fmt.Errorf("%w: name %q, key %q, topic %q, event type %q: each at most %d bytes of UTF-8 without NUL",
			ErrBadRequest, r.Name, r.Key, r.Topic, r.EventType, maxName)
	}
	raw, ok := req.Payload.(json.RawMessage)
	if !ok && req.Payload != nil {
		var err error
		if raw, err = json.Marshal(req.Payload); err != nil {
			return r, fmt.Errorf("%w: %s: %w", ErrBadRequest, r.ID(), err)
		}
	}
	if raw == nil {
		raw = json.RawMessage("{}")
	}
	if b := bytes.TrimSpace(raw); len(b) == 0 || b[0] != '{' || ok && !json.Valid(b) || !utf8.Valid(b) {
		return r, fmt.Errorf("%w: %s: the payload is not a JSON object in UTF-8", ErrBadRequest, r.ID())
	}
	if len(raw) > m.cfg.MaxPayload {
		return r, fmt.Errorf("%w: %s: %d bytes, limit %d", ErrPayloadTooLarge, r.ID(), len(raw), m.cfg.MaxPayload)
	}
	r.Payload = raw
	return r, nil
}
