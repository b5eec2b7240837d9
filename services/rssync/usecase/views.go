package usecase

import (
	"context"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/internal/jobprogress"
	"github.com/hexplane/hexplane/services/rssync/domain"
)

// View is a job with how far it is.
type View struct {
	domain.Job
	// Step is the part being replayed, or the last one.
	Step string `json:"step,omitempty"`
	// Levels count requests, from the whole job down to single devices.
	Levels []jobprogress.Level `json:"levels"`
	// Failures are the first of what was not applied.
	Failures []jobprogress.Failure `json:"failures"`
	// Unavailable names services whose levels are missing because they did not
	// answer.
	Unavailable []string `json:"unavailable,omitempty"`
}

// List returns up to limit jobs of an ISP, the oldest first, after the given id.
func (j *Jobs) List(ctx context.Context, ispID, after string, limit int) ([]domain.Job, error) {
	docs, err := j.tables.Jobs.Find(ctx, FieldISP, ispID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("rssync: jobs: %w", err)
	}
	jobs := make([]domain.Job, len(docs))
	for i, doc := range docs {
		jobs[i] = doc.Value
	}
	return jobs, nil
}

// Get returns a job of an ISP with its progress, or ErrNotFound. A service that
// does not answer only leaves its levels out.
func (j *Jobs) Get(ctx context.Context, ispID, jobID string) (View, error) {
	job, err := j.job(ctx, ispID, jobID)
	if err != nil {
		return View{}, err
	}
	own, err := jobprogress.Of(ctx, j.tasks, "rssync", jobID)
	if err != nil {
		return View{}, err
	}
	view := View{Job: job, Levels: own.Levels, Failures: own.Failures}
	task, err := j.tasks.Task(ctx, jobID)
	if err != nil && !errors.Is(err, asynctask.ErrTaskNotFound) {
		return View{}, fmt.Errorf("rssync: task: %w", err)
	}
	view.Step = task.Step
	for _, remote := range j.remotes {
		answer, err := remote.Progress.Progress(ctx, jobID)
		if err != nil {
			view.Unavailable = append(view.Unavailable, remote.Name)
			continue
		}
		view.Levels = append(view.Levels, answer.Levels...)
		view.Failures = append(view.Failures, answer.Failures...)
	}
	return view, nil
}
