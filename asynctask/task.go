package asynctask

import (
	"encoding/json"
	"time"
)

// State is where a task is in its life. A task runs, then ends: while ending
// its outcome is decided and durable, and only the end hook, the reply to its
// requester and the closing of leftover requests remain.
type State string

// The states of a task.
const (
	StateRunning   State = "running"
	StateEnding    State = "ending"
	StateCompleted State = "completed"
	StateFailed    State = "failed"
	StateCancelled State = "cancelled"
)

// Final reports whether the task has ended and its requester was told.
func (s State) Final() bool {
	return s == StateCompleted || s == StateFailed || s == StateCancelled
}

// Status is how a request was answered, on the wire and in stores.
type Status string

// The statuses of a reply.
const (
	StatusOK        Status = "ok"
	StatusFailed    Status = "failed"
	StatusCancelled Status = "cancelled"
)

// status is what a task that ended in state s answers to its requester.
func (s State) status() Status {
	switch s {
	case StateCompleted:
		return StatusOK
	case StateCancelled:
		return StatusCancelled
	default:
		return StatusFailed
	}
}

// Counts sums up requests, or whatever a reply says it stands for.
type Counts struct {
	Total  int64 `json:"total"`
	OK     int64 `json:"ok"`
	Failed int64 `json:"failed"`
}

func (c Counts) plus(o Counts) Counts {
	return Counts{Total: c.Total + o.Total, OK: c.OK + o.OK, Failed: c.Failed + o.Failed}
}

// Task is one durable run of a [Definition]. The record is small and of fixed
// size: requests are records of their own and are never listed in it.
type Task struct {
	ID   string // such as SyncAll_JmMxFFq8aZ3k
	Type string // the definition's type
	Step string // the current step's name

	State   State
	Outcome State       // the final state to reach; set from StateEnding on
	Error   *ReplyError // why the task failed or was cancelled, or why its requester was told so (CodeRefused)

	JobID      string // groups tasks for progress and cancellation
	RequestID  string // the requester's correlation id, echoed in the reply
	ReplyTopic string // where the requester listens; empty: nobody asked

	Payload json.RawMessage   // what the task was started with
	TraceID map[string]string // W3C trace context of the start
	Windows map[string]int    // windows changed while running, by step
	Counts  Counts            // of the steps settled so far, as their replies count

	Deadline  time.Time // zero: none
	CreatedAt time.Time
	UpdatedAt time.Time
	EndedAt   time.Time // when the outcome was decided
	ExpireAt  time.Time // when retention deletes an ended task

	// What follows is the protocol's own (see the package documentation).

	Sealed   bool      // every request of the step is stored
	Answered bool      // and every one of them is closed
	Version  int64     // grows with every change; the compare-and-set token
	Owner    string    // who claimed the task last
	NextAt   time.Time // when the task is due for a look; zero: never
}

// StartOptions says what to start.
type StartOptions struct {
	Type string // the definition's type
	// ID names the task. Empty: derived from Type and RequestID, so that a
	// redelivered request finds the task it started; random without RequestID.
	ID         string
	JobID      string          // empty: the task's own id
	RequestID  string          // the requester's correlation id
	ReplyTopic string          // empty: no reply at the end
	Payload    json.RawMessage // handed to the steps; JSON in UTF-8, at most Config.MaxPayload bytes
	TraceID    map[string]string
}

// Result tells what a call did.
type Result struct {
	Task Task // as the call found it, or as Start stored it
	// Existing is set by Start when the task was there already.
	Existing bool
	// Duplicate is set by DispatchEvent when the request was answered before.
	Duplicate bool
	// Completed tells that the task has ended or that this reply answered the
	// last open request of its last step, so that only its end remains.
	Completed bool
}
