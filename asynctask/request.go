package asynctask

import (
	"encoding/json"
	"strings"
	"time"
)

// Request is one message that a step asks to be answered.
type Request struct {
	// Name is unique in the step, such as the device's id. Empty: the request's
	// position in the stream.
	Name      string
	Topic     string
	EventType string
	Key       string // partition key; empty: the request id
	// Payload becomes a JSON object. request_id, job_id and reply_topic are set
	// into it when the request is published.
	Payload any
}

// RequestState is where a stored request is in its life.
type RequestState int

// The states of a request. The first two are open.
const (
	RequestWaiting   RequestState = iota // stored, not yet within the window
	RequestInFlight                      // within the window: to be published, or published and unanswered
	RequestOK                            // answered ok
	RequestFailed                        // answered failed, or timed out
	RequestCancelled                     // answered cancelled, or left open by a task that ended
)

// Open reports whether the request still waits for its reply.
func (s RequestState) Open() bool { return s == RequestWaiting || s == RequestInFlight }

// Record is a request as stores keep it, one record each.
type Record struct {
	TaskID, Step, Name string // the identity
	Type               string // the task's type
	JobID              string
	Seq                int64 // position in the step's stream
	Run                int64 // the fan-out that inserted it
	Topic              string
	EventType          string
	Key                string
	Payload            json.RawMessage

	State   RequestState
	Sent    bool      // published at least once in this attempt
	SentAt  time.Time // when it was published last
	Attempt int       // 1 for the first publish; 0: not yet in flight
	NextAt  time.Time // when to publish it again or time it out; zero: never
	Reply   *Reply    // what closed it; with a zero Timestamp: no reply but a timeout or the bus's refusal
	Late    int       // replies that came after it was closed without one
}

// ID is the request's correlation id: task, step and name.
func (r Record) ID() string { return RequestID(r.TaskID, r.Step, r.Name) }

// RequestID builds the correlation id "<task id>/<step>/<name>".
func RequestID(taskID, step, name string) string { return taskID + "/" + step + "/" + name }

// SplitRequestID is the inverse of [RequestID]; ok is false for an id that
// this package did not build.
func SplitRequestID(id string) (taskID, step, name string, ok bool) {
	taskID, rest, ok := strings.Cut(id, "/")
	if !ok {
		return "", "", "", false
	}
	step, name, ok = strings.Cut(rest, "/")
	return taskID, step, name, ok && taskID != "" && step != "" && name != ""
}

// Counts is what the request stands for: what its reply says, else itself.
func (r Record) Counts() Counts {
	switch {
	case r.Reply != nil && r.Reply.Counts != nil && !r.State.Open():
		return *r.Reply.Counts
	case r.State == RequestOK:
		return Counts{Total: 1, OK: 1}
	case r.State.Open():
		return Counts{Total: 1}
	default:
		return Counts{Total: 1, Failed: 1}
	}
}
