package usecase

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rssync/domain"
)

// Jobs starts, shows and cancels full syncs.
//
// An ISP's slot decides which job runs: whoever takes the slot by compare-and-set
// starts the job. A crash anywhere leaves a slot whose job Recover, or the next
// Start, finishes starting.
type Jobs struct {
	tables  Tables
	tasks   Tasks
	remotes []Remote
	now     func() time.Time
}

// NewJobs returns the use cases; now is the clock.
func NewJobs(tables Tables, tasks Tasks, now func() time.Time, remotes ...Remote) *Jobs {
	return &Jobs{tables: tables, tasks: tasks, remotes: remotes, now: now}
}

// Start starts a full sync of an ISP and returns its job's id, or ErrRunning. A
// request that comes again, with the key of the one that started the ISP's latest
// job, gets the id of that job.
func (j *Jobs) Start(ctx context.Context, ispID, repeatKey string) (string, error) {
	old, err := j.tables.Slots.Get(ctx, ispID)
	if err != nil && !errors.Is(err, docstore.ErrNotFound) {
		return "", fmt.Errorf("rssync: slot: %w", err)
	}
	if err == nil {
		running, err := j.occupied(ctx, ispID, old.Value)
		switch {
		case err != nil:
			return "", err
		case repeatKey != "" && old.Value.RepeatKey == repeatKey:
			return old.Value.JobID, nil
		case running:
			return "", ErrRunning
		}
	}
	slot, err := j.take(ctx, ispID, repeatKey, old.Value)
	if err != nil {
		return "", err
	}
	return slot.JobID, j.launch(ctx, ispID, slot)
}

// occupied tells whether the job of a slot runs. One that was not started, because
// of a crash, is started now.
func (j *Jobs) occupied(ctx context.Context, ispID string, slot domain.Slot) (bool, error) {
	job, err := j.tables.Jobs.Get(ctx, slot.JobID)
	if err == nil && job.Value.State.Final() {
		return false, nil
	}
	if err != nil && !errors.Is(err, docstore.ErrNotFound) {
		return false, fmt.Errorf("rssync: job: %w", err)
	}
	return true, j.launch(ctx, ispID, slot)
}

// take replaces the slot of a job that has ended, or returns ErrRunning when
// somebody else did.
func (j *Jobs) take(ctx context.Context, ispID, repeatKey string, old domain.Slot) (domain.Slot, error) {
	slot := domain.Slot{JobID: newJobID(j.now()), StartedAt: j.now().UTC(), RepeatKey: repeatKey}
	_, err := j.tables.Slots.Upsert(ctx, ispID, func(s *domain.Slot, _ bool) ([]*eventbus.Message, error) {
		if s.JobID != old.JobID {
			return nil, ErrRunning
		}
		*s = slot
		return nil, nil
	})
	if err != nil && !errors.Is(err, ErrRunning) {
		return slot, fmt.Errorf("rssync: slot: %w", err)
	}
	return slot, err
}

// launch starts the job of a slot. Doing it again is harmless.
func (j *Jobs) launch(ctx context.Context, ispID string, slot domain.Slot) error {
	job := domain.Job{JobID: slot.JobID, ISPID: ispID, State: domain.Running, StartedAt: slot.StartedAt}
	_, err := j.tables.Jobs.Insert(ctx, slot.JobID, job)
	if err != nil && !errors.Is(err, docstore.ErrExists) {
		return fmt.Errorf("rssync: job: %w", err)
	}
	payload, err := json.Marshal(syncAll{ISPID: ispID})
	if err != nil {
		return fmt.Errorf("rssync: start: %w", err)
	}
	_, err = j.tasks.Start(ctx, asynctask.StartOptions{
		Type: TaskSyncAll, ID: slot.JobID, JobID: slot.JobID, Payload: payload,
	})
	if err != nil {
		return fmt.Errorf("rssync: start: %w", err)
	}
	return nil
}

// Cancel ends a job, or returns ErrNotFound or ErrEnded. Cancelling again is
// harmless.
func (j *Jobs) Cancel(ctx context.Context, ispID, jobID string) error {
	if _, err := j.job(ctx, ispID, jobID); err != nil {
		return err
	}
	_, err := j.tables.Jobs.Update(ctx, jobID, func(job *domain.Job) ([]*eventbus.Message, error) {
		if job.State.Final() {
			return nil, ErrEnded
		}
		job.State = domain.Cancelling
		return nil, nil
	})
	if err != nil {
		return err
	}
	return j.cancel(ctx, jobID)
}

// cancel ends the job's own task first, so that it asks for nothing more and takes
// no answer, then tells the other services. Until both is done the job is
// remembered as being cancelled, and Recover does it again.
func (j *Jobs) cancel(ctx context.Context, jobID string) error {
	if err := j.tasks.CancelJob(ctx, jobID); err != nil {
		return fmt.Errorf("rssync: cancel: %w", err)
	}
	_, err := j.tables.Jobs.Update(ctx, jobID, func(*domain.Job) ([]*eventbus.Message, error) {
		return cancellations(jobID)
	})
	if err != nil {
		return fmt.Errorf("rssync: cancel: %w", err)
	}
	return nil
}

func cancellations(jobID string) ([]*eventbus.Message, error) {
	var events []*eventbus.Message
	for _, topic := range []string{rsevent.TopicAgentsRequest, rsevent.TopicClientRequest} {
		event, err := eventbus.NewMessage(topic, rsevent.TypeRSCancelSync, jobID, rsevent.RSCancelSync{JobID: jobID})
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

// Recover finishes what a crash interrupted: jobs that were not quite started or
// not quite cancelled. It is for the start of the service.
func (j *Jobs) Recover(ctx context.Context) error {
	for slot, err := range j.tables.Slots.All(ctx, "", "") {
		if err != nil {
			return fmt.Errorf("rssync: slots: %w", err)
		}
		running, err := j.occupied(ctx, slot.ID, slot.Value)
		if err != nil {
			return err
		}
		if !running {
			continue
		}
		job, err := j.tables.Jobs.Get(ctx, slot.Value.JobID)
		if err != nil {
			return fmt.Errorf("rssync: job: %w", err)
		}
		if job.Value.State == domain.Cancelling {
			if err := j.cancel(ctx, job.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// job returns a job of the ISP.
func (j *Jobs) job(ctx context.Context, ispID, jobID string) (domain.Job, error) {
	doc, err := j.tables.Jobs.Get(ctx, jobID)
	if errors.Is(err, docstore.ErrNotFound) || (err == nil && doc.Value.ISPID != ispID) {
		return domain.Job{}, ErrNotFound
	}
	if err != nil {
		return domain.Job{}, fmt.Errorf("rssync: job: %w", err)
	}
	return doc.Value, nil
}

// newJobID makes an id that grows with time, such as SyncAll_0mfx2k3zq-7GQHRTXB.
func newJobID(at time.Time) string {
	moment := strconv.FormatInt(at.UnixMilli(), 36)
	if len(moment) < 10 {
		moment = strings.Repeat("0", 10-len(moment)) + moment
	}
	return TaskSyncAll + "_" + moment + "-" + rand.Text()[:8]
}
