package asynctask

import "time"

// Kind is what an [Observation] is about.
type Kind int

// The kinds of observations.
const (
	TaskStarted      Kind = iota // Start stored a new task
	TaskEnded                    // a task reached its final state; Duration since its creation
	RequestPublished             // a request was published
	RequestReplied               // a reply closed a request; Duration since it was published
	RequestTimedOut              // a request was not answered in time; Attempt says which time
	ReplyDuplicate               // a reply to a request answered before was discarded
	ReplyLate                    // a reply to a request closed without one was discarded
	ReplyUnknown                 // a reply to a request that the store does not hold was discarded
	Swept                        // Count due tasks and requests were taken up; Duration of the claim
	StepUnfinished               // once a minute: Count tasks, with Open open requests, are at Type and Step; also 0
	Erred                        // something failed and will be tried again (Err)
	RequestRefused               // the bus would never take a request, which failed (Err)
	ReplyRefused                 // the bus would never take a task's reply; the requester was told of that failure, if the bus took so much (Err)
)

// Observation is one thing that happened. Fields without meaning for its kind
// are zero.
type Observation struct {
	Kind      Kind
	Type      string // the task's type
	Step      string
	TaskID    string
	RequestID string
	State     State  // of TaskEnded
	Status    Status // of RequestReplied
	Attempt   int
	Count     int64
	Open      int64
	Known     bool // of StepUnfinished: whether this binary knows the step
	Duration  time.Duration
	TraceID   map[string]string // the task's trace context
	Err       error
}

// Observer is told what happens, on the goroutine it happens on: it must be
// quick and safe for concurrent use. Package asynctaskprom has one for
// Prometheus, asynctaskotel one for OpenTelemetry.
type Observer interface {
	Observe(o Observation)
}

// Observers is several observers as one.
type Observers []Observer

// Observe tells each of them.
func (os Observers) Observe(o Observation) {
	for _, each := range os {
		each.Observe(o)
	}
}

type noObserver struct{}

func (noObserver) Observe(Observation) {}
