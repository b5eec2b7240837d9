package gateway

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Job is a full sync as the interface shows it.
type Job struct {
	JobID      string    `json:"job_id"`
	ISPID      string    `json:"isp_id"`
	State      string    `json:"state"` // running, cancelling, completed, failed or cancelled
	Step       string    `json:"step"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"` // zero while it runs
	Levels     []Level   `json:"levels"`
	Failures   []Failure `json:"failures"`
}

// Level counts the requests of one step of one type of task.
type Level struct {
	Service   string `json:"service"`
	Type      string `json:"type"`
	Step      string `json:"step"`
	Total     int    `json:"total"`
	OK        int    `json:"ok"`
	Failed    int    `json:"failed"`
	Cancelled int    `json:"cancelled"`
}

// Failure is one request that failed.
type Failure struct {
	Service string `json:"service"`
	Type    string `json:"type"`
	Step    string `json:"step"`
	Subject string `json:"subject"`
	Code    string `json:"code"`
	Text    string `json:"text"`
}

// Ended tells whether the job is over, well or not.
func (j Job) Ended() bool { return j.State != "running" && j.State != "cancelling" }

// FullSync starts a full sync and returns the job's location.
func (c *Client) FullSync(ctx context.Context) (string, error) {
	header, err := c.Do(ctx, http.MethodPost, "/subsystems/rs/full-sync", nil, nil)
	return header.Get("Location"), err
}

// Job returns a job with its progress.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	var job Job
	_, err := c.Do(ctx, http.MethodGet, "/subsystems/rs/jobs/"+url.PathEscape(id), nil, &job)
	return job, err
}

// Jobs lists the ISP's jobs without progress, the oldest first.
func (c *Client) Jobs(ctx context.Context) ([]Job, error) {
	var page struct {
		Items []Job `json:"items"`
	}
	_, err := c.Do(ctx, http.MethodGet, "/subsystems/rs/jobs?limit=500", nil, &page)
	return page.Items, err
}
