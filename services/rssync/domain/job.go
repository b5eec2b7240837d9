// Package domain holds what a full sync is to rssync: a job with a state. It is pure.
package domain

import (
	"time"

	"github.com/hexplane/hexplane/asynctask"
)

// State is where a job is in its life.
type State string

// The states of a job; the last three are final.
const (
	Running    State = "running"
	Cancelling State = "cancelling" // asked to end; its tasks are being told
	Completed  State = "completed"
	Failed     State = "failed" // it ended, and something was not applied
	Cancelled  State = "cancelled"
)

// Final tells whether a job in that state has ended.
func (s State) Final() bool { return s == Completed || s == Failed || s == Cancelled }

// Job is one full sync of an ISP.
type Job struct {
	JobID      string    `json:"job_id"`
	ISPID      string    `json:"isp_id"`
	State      State     `json:"state"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	// Counts are of what was to be applied, once the job has ended.
	Counts *asynctask.Counts `json:"counts,omitempty"`
	// Error says why a job failed or was cancelled.
	Error *asynctask.ReplyError `json:"error,omitempty"`
}

// End records how a job's task ended. A task whose requests were all answered
// has failed nevertheless when not everything they stand for was applied.
func (j *Job) End(outcome asynctask.Outcome, at time.Time) {
	j.FinishedAt, j.Counts, j.Error = at, &outcome.Counts, outcome.Error
	switch {
	case outcome.Status == asynctask.StatusCancelled:
		j.State = Cancelled
	case outcome.Status == asynctask.StatusOK && outcome.Counts.Failed == 0:
		j.State = Completed
	default:
		j.State = Failed
	}
}

// Slot is the one place that an ISP has for a running job.
type Slot struct {
	JobID     string    `json:"job_id"`
	StartedAt time.Time `json:"started_at"`
	// RepeatKey is the idempotency key of the request that the job was started by, if
	// it had one.
	RepeatKey string `json:"repeat_key,omitempty"`
}
