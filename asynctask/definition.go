package asynctask

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// Definition is a kind of task: a name and an ordered list of named steps.
type Definition struct {
	Type  string // stored with every task; no "/", at most 512 bytes
	Steps []Step // run one after the other
	// ReplyEvent is the event type of the reply to the task's requester. Empty:
	// no reply, even if the requester named a topic.
	ReplyEvent string
	// OnEnd is called once the outcome is decided and before the requester is
	// told. It may be called again after a crash. An error delays the end and
	// is retried.
	OnEnd func(ctx context.Context, task Task, outcome Outcome) error
	// Deadline is how long a task may run; it then fails with CodeDeadline.
	// 0: no limit.
	Deadline time.Duration
	// Retention is how long an ended task is kept. 0: Config.Retention.
	Retention time.Duration
}

// Step is a stage of a task: a stream of requests, all of which are answered
// before the next step begins.
type Step struct {
	Name string // stored with every request; no "/", at most 512 bytes
	// Requests yields the step's requests. After a crash or an error the stream
	// is read again from its beginning, so it must yield the same names for the
	// same task; names already stored are not inserted twice. An error stops
	// the stream and is retried later. While it is read, the stream occupies one
	// of its type's Config.Workers; ctx ends at the task's deadline, so that a
	// stream that may hang should obey ctx and its Definition have a Deadline.
	Requests func(ctx context.Context, task Task) iter.Seq2[Request, error]
	// ReplyTopic is put into each request's payload.
	ReplyTopic string
	// ReplyEvents are the event types accepted as replies. Required.
	ReplyEvents []string
	// OnReply sees each reply to a running task before it is recorded, possibly
	// more than once, and also one that then proves late or unknown. An error
	// leaves the request open and is returned by DispatchEvent, so that the bus
	// delivers the reply again.
	OnReply func(ctx context.Context, task Task, reply Reply) error
	// Window is the most requests in flight, published and unanswered, at any
	// moment. 0: Config.Window. Negative: no limit.
	Window int
	// Timeout is how long a published request may stay unanswered before it is
	// published again as Retry says, or fails with CodeTimeout. 0: for ever.
	Timeout time.Duration
	Retry   Retry
	// Policy says what failed requests mean for the task. nil: AllSucceed.
	Policy FailurePolicy
}

// Retry says how often and how fast an unanswered request is published again.
type Retry struct {
	Attempts   int           // publishes in all; 0 and 1: no retry
	Backoff    time.Duration // wait before the second publish, doubled for each further one
	MaxBackoff time.Duration // the longest wait. 0: one minute
}

// delay is the wait before publishing attempt n+1, for n from 1.
func (r Retry) delay(n int) time.Duration {
	limit := r.MaxBackoff
	if limit <= 0 {
		limit = time.Minute
	}
	d := r.Backoff
	for i := 1; i < n && d < limit; i++ {
		d += min(d, limit-d)
	}
	return min(d, limit)
}

// Outcome is what a task ended with.
type Outcome struct {
	Status Status
	Error  *ReplyError
	Counts Counts
}

// Fixed is a [Step].Requests that yields the same requests for every task.
func Fixed(requests ...Request) func(context.Context, Task) iter.Seq2[Request, error] {
	return func(context.Context, Task) iter.Seq2[Request, error] {
		return func(yield func(Request, error) bool) {
			for _, r := range requests {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

func (d *Definition) step(name string) (*Step, int) {
	for i := range d.Steps {
		if d.Steps[i].Name == name {
			return &d.Steps[i], i
		}
	}
	return nil, -1
}

func (d *Definition) scopes() []Scope {
	scopes := make([]Scope, len(d.Steps))
	for i, s := range d.Steps {
		scopes[i] = Scope{Type: d.Type, Step: s.Name}
	}
	return scopes
}

func (d *Definition) validate() error {
	if d.Type == "" || strings.Contains(d.Type, "/") || !fit(d.Type) {
		return fmt.Errorf("%w: type %q", ErrBadDefinition, d.Type)
	}
	if len(d.Steps) == 0 {
		return fmt.Errorf("%w: %s has no steps", ErrBadDefinition, d.Type)
	}
	for i := range d.Steps {
		s := &d.Steps[i]
		if _, first := d.step(s.Name); s.Name == "" || strings.Contains(s.Name, "/") || !fit(s.Name) || first != i {
			return fmt.Errorf("%w: %s: step name %q", ErrBadDefinition, d.Type, s.Name)
		}
		if s.Requests == nil || len(s.ReplyEvents) == 0 {
			return fmt.Errorf("%w: %s/%s: Requests and ReplyEvents are required", ErrBadDefinition, d.Type, s.Name)
		}
	}
	return nil
}

func (s *Step) accepts(eventType string) bool {
	return slices.Contains(s.ReplyEvents, eventType)
}
