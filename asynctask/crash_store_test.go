package asynctask_test

import (
	"context"
	"errors"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
)

var errCrash = errors.New("the process is dead")

// process is the life of one manager's process: it dies at a chosen call to its
// store or bus, before or after the call takes effect, and does nothing after.
type process struct {
	store    asynctask.Store
	bus      eventbus.Publisher
	armed    bool
	calls    int  // left until it dies
	after    bool // the last call still takes effect
	dead     bool
	sequence []string // the calls it made, to explain a failure
}

func call0(p *process, name string, do func() error) error {
	_, err := call(p, name, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

func call[T any](p *process, name string, do func() (T, error)) (T, error) {
	var zero T
	if p.dead {
		return zero, errCrash
	}
	p.sequence = append(p.sequence, name)
	dies := p.armed && p.calls == 0
	p.calls--
	if dies {
		p.dead = true
		if p.after {
			_, _ = do()
		}
		return zero, errCrash
	}
	return do()
}

func (p *process) Publish(ctx context.Context, msgs ...*eventbus.Message) error {
	return call0(p, "Publish", func() error { return p.bus.Publish(ctx, msgs...) })
}

func (p *process) InsertTask(ctx context.Context, t asynctask.Task) (asynctask.Task, bool, error) {
	inserted := false
	stored, err := call(p, "InsertTask", func() (s asynctask.Task, err error) {
		s, inserted, err = p.store.InsertTask(ctx, t)
		return s, err
	})
	return stored, inserted, err
}

func (p *process) Task(ctx context.Context, id string) (asynctask.Task, error) {
	return call(p, "Task", func() (asynctask.Task, error) { return p.store.Task(ctx, id) })
}

func (p *process) UpdateTask(ctx context.Context, t asynctask.Task) (int64, error) {
	return call(p, "UpdateTask", func() (int64, error) { return p.store.UpdateTask(ctx, t) })
}

func (p *process) ClaimTasks(ctx context.Context, c asynctask.Claim) ([]asynctask.Task, error) {
	return call(p, "ClaimTasks", func() ([]asynctask.Task, error) { return p.store.ClaimTasks(ctx, c) })
}

func (p *process) RenewTask(ctx context.Context, id, owner string, until time.Time) error {
	return call0(p, "RenewTask", func() error { return p.store.RenewTask(ctx, id, owner, until) })
}

func (p *process) ListTasks(ctx context.Context, f asynctask.TaskFilter) ([]asynctask.Task, error) {
	return call(p, "ListTasks", func() ([]asynctask.Task, error) { return p.store.ListTasks(ctx, f) })
}

func (p *process) Unfinished(ctx context.Context) (map[asynctask.Scope]asynctask.Unfinished, error) {
	return call(p, "Unfinished", func() (map[asynctask.Scope]asynctask.Unfinished, error) { return p.store.Unfinished(ctx) })
}

func (p *process) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return call(p, "DeleteExpired", func() (int, error) { return p.store.DeleteExpired(ctx, now, limit) })
}

func (p *process) InsertRequests(ctx context.Context, taskID, step string, recs []asynctask.Record) ([]asynctask.Record, error) {
	return call(p, "InsertRequests", func() ([]asynctask.Record, error) { return p.store.InsertRequests(ctx, taskID, step, recs) })
}

func (p *process) Admit(ctx context.Context, a asynctask.Admission) ([]asynctask.Record, bool, error) {
	waiting := true
	recs, err := call(p, "Admit", func() (recs []asynctask.Record, err error) {
		recs, waiting, err = p.store.Admit(ctx, a)
		return recs, err
	})
	return recs, waiting, err
}

func (p *process) Reschedule(ctx context.Context, recs []asynctask.Record) error {
	return call0(p, "Reschedule", func() error { return p.store.Reschedule(ctx, recs) })
}

func (p *process) ClaimRequests(ctx context.Context, c asynctask.Claim) ([]asynctask.Record, error) {
	return call(p, "ClaimRequests", func() ([]asynctask.Record, error) { return p.store.ClaimRequests(ctx, c) })
}

func (p *process) CloseRequests(ctx context.Context, cs []asynctask.Closing) ([]asynctask.Closed, error) {
	return call(p, "CloseRequests", func() ([]asynctask.Closed, error) { return p.store.CloseRequests(ctx, cs) })
}

func (p *process) HasOpen(ctx context.Context, taskID, step string) (bool, error) {
	return call(p, "HasOpen", func() (bool, error) { return p.store.HasOpen(ctx, taskID, step) })
}

func (p *process) CloseOpen(ctx context.Context, taskID string, limit int) (int, error) {
	return call(p, "CloseOpen", func() (int, error) { return p.store.CloseOpen(ctx, taskID, limit) })
}

func (p *process) Tally(ctx context.Context, taskID, step string) (asynctask.Tally, error) {
	return call(p, "Tally", func() (asynctask.Tally, error) { return p.store.Tally(ctx, taskID, step) })
}

func (p *process) ListRequests(ctx context.Context, f asynctask.RequestFilter) ([]asynctask.Record, error) {
	return call(p, "ListRequests", func() ([]asynctask.Record, error) { return p.store.ListRequests(ctx, f) })
}

func (p *process) CancelJob(ctx context.Context, jobID string, cause asynctask.ReplyError, now, expireAt time.Time) (int, error) {
	return call(p, "CancelJob", func() (int, error) { return p.store.CancelJob(ctx, jobID, cause, now, expireAt) })
}

func (p *process) JobCancelled(ctx context.Context, jobID string) (bool, error) {
	return call(p, "JobCancelled", func() (bool, error) { return p.store.JobCancelled(ctx, jobID) })
}

func (p *process) Progress(ctx context.Context, jobID string) ([]asynctask.Level, error) {
	return call(p, "Progress", func() ([]asynctask.Level, error) { return p.store.Progress(ctx, jobID) })
}
