// Package jobprogress is how the services that share one job tell each other how
// far it is: an internal REST call, GET /jobs/{job_id}/progress, its handler and
// its client.
package jobprogress

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/internal/httpapi"
)

// Route is the pattern of the call.
const Route = "GET /jobs/{job_id}/progress"

// maxAnswer bounds, in bytes, what the client reads of an answer.
const maxAnswer = 1 << 20

// Level is how far all tasks of one type are at one step of a job. All counts
// are of requests, except Tasks and Growing.
type Level struct {
	Service   string `json:"service,omitempty"`
	Type      string `json:"type"`
	Step      string `json:"step"`
	Tasks     int64  `json:"tasks"`   // that reached the step
	Growing   int64  `json:"growing"` // whose requests are not all known yet
	Total     int64  `json:"total"`   // known so far
	InFlight  int64  `json:"in_flight"`
	OK        int64  `json:"ok"`
	Failed    int64  `json:"failed"`
	Cancelled int64  `json:"cancelled"`
	Late      int64  `json:"late"` // replies discarded because they came too late
}

// Failure is one request of a job that failed.
type Failure struct {
	Service string `json:"service"`
	Type    string `json:"type"`
	Step    string `json:"step"`
	// Subject is what the request was about, such as a device's id.
	Subject string `json:"subject"`
	Code    string `json:"code"`
	Text    string `json:"text,omitempty"`
}

// Answer is the body of the call.
type Answer struct {
	Levels   []Level   `json:"levels"`
	Failures []Failure `json:"failures"` // the first maxFailures
}

const maxFailures = 100

// Source knows a job's progress; *asynctask.Manager implements it.
type Source interface {
	Progress(ctx context.Context, jobID string) ([]asynctask.Level, error)
	Tasks(ctx context.Context, f asynctask.TaskFilter) ([]asynctask.Task, error)
	Failures(ctx context.Context, f asynctask.RequestFilter) ([]asynctask.Record, error)
}

// Of asks a source about a job and names the service that it belongs to. A job
// that is unknown has no levels.
func Of(ctx context.Context, source Source, service, jobID string) (Answer, error) {
	found, err := source.Progress(ctx, jobID)
	if err != nil {
		return Answer{}, fmt.Errorf("jobprogress: %w", err)
	}
	answer := Answer{Levels: make([]Level, len(found))}
	failed := false
	for i, l := range found {
		failed = failed || l.Failed > 0
		answer.Levels[i] = Level{
			Service: service, Type: l.Type, Step: l.Step, Tasks: l.Tasks, Growing: l.Growing,
			Total: l.Total, InFlight: l.InFlight, OK: l.OK, Failed: l.Failed, Cancelled: l.Cancelled, Late: l.Late,
		}
	}
	answer.Failures = []Failure{}
	if failed {
		answer.Failures, err = failures(ctx, source, service, jobID)
	}
	return answer, err
}

// failures lists the first failed requests of a job's tasks that have ended.
func failures(ctx context.Context, source Source, service, jobID string) ([]Failure, error) {
	ended := []asynctask.State{asynctask.StateFailed, asynctask.StateCompleted}
	tasks, err := source.Tasks(ctx, asynctask.TaskFilter{JobID: jobID, States: ended, Limit: maxFailures})
	if err != nil {
		return nil, fmt.Errorf("jobprogress: tasks: %w", err)
	}
	list := []Failure{}
	for _, task := range tasks {
		if task.Counts.Failed == 0 {
			continue
		}
		records, err := source.Failures(ctx, asynctask.RequestFilter{TaskID: task.ID, Limit: maxFailures - len(list)})
		if err != nil {
			return nil, fmt.Errorf("jobprogress: failures: %w", err)
		}
		for _, r := range records {
			list = append(list, failure(service, r))
		}
		if len(list) >= maxFailures {
			break
		}
	}
	return list, nil
}

func failure(service string, r asynctask.Record) Failure {
	subject, _, _ := strings.Cut(r.Name, "@")
	f := Failure{Service: service, Type: r.Type, Step: r.Step, Subject: subject}
	if r.Reply != nil && r.Reply.Error != nil {
		f.Code, f.Text = r.Reply.Error.Code, r.Reply.Error.Text
	}
	return f
}

// Handler answers the call for a service.
func Handler(source Source, service string) httpapi.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		answer, err := Of(r.Context(), source, service, r.PathValue("job_id"))
		if err != nil {
			return err
		}
		return httpapi.JSON(w, http.StatusOK, answer)
	}
}

// Client makes the call to one service.
type Client struct {
	base string
	http *http.Client
}

// NewClient returns a client of the service at that base URL.
func NewClient(base string, client *http.Client) *Client { return &Client{base: base, http: client} }

// Progress returns how far the service's part of a job is.
func (c *Client) Progress(ctx context.Context, jobID string) (Answer, error) {
	target, err := url.JoinPath(c.base, "jobs", url.PathEscape(jobID), "progress")
	if err != nil {
		return Answer{}, fmt.Errorf("jobprogress: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return Answer{}, fmt.Errorf("jobprogress: %w", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("jobprogress: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return Answer{}, fmt.Errorf("jobprogress: %s answered %s", target, res.Status)
	}
	var answer Answer
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer); err != nil {
		return Answer{}, fmt.Errorf("jobprogress: answer of %s: %w", target, err)
	}
	return answer, nil
}
