package asynctask

import (
	"context"
	"time"
)

// Store is the port behind a Manager. Adapters are proven by the suite in
// asynctasktest. Every method is atomic and durable when it returns nil, and
// safe for concurrent use by several processes. Times are UTC and kept to the
// microsecond at least.
type Store interface {
	TaskStore
	RequestStore
	JobStore
}

// TaskStore keeps task records.
type TaskStore interface {
	// InsertTask stores a new task, or returns the one that has its id.
	InsertTask(ctx context.Context, task Task) (stored Task, inserted bool, err error)
	// Task returns a task or ErrTaskNotFound.
	Task(ctx context.Context, id string) (Task, error)
	// UpdateTask replaces the task whose stored version is task.Version and
	// stores it with the next one, which it returns. ErrConflict: the stored
	// version is another. ErrTaskNotFound: no such task.
	UpdateTask(ctx context.Context, task Task) (version int64, err error)
	// ClaimTasks takes up to Limit tasks within Scopes that are due (0 < NextAt
	// <= Now), the longest due first: sets Owner and NextAt = Until, and the
	// next version. Two claims never return the same task.
	ClaimTasks(ctx context.Context, c Claim) ([]Task, error)
	// RenewTask moves NextAt of a claimed task without changing its version.
	// ErrConflict: somebody else claimed it since, or it is not there.
	RenewTask(ctx context.Context, id, owner string, until time.Time) error
	// ListTasks returns tasks that match, in order of id.
	ListTasks(ctx context.Context, f TaskFilter) ([]Task, error)
	// Unfinished counts tasks that are due some time, per type and step, and
	// the open requests of those steps; the latter may lag like Progress.
	Unfinished(ctx context.Context) (map[Scope]Unfinished, error)
	// DeleteExpired deletes up to limit records of tasks and cancelled jobs
	// whose ExpireAt has passed, a task after its requests, and returns how
	// many; 0 when there is nothing left.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}

// RequestStore keeps request records.
type RequestStore interface {
	// InsertRequests stores those records of one task and step that are not
	// there yet, and returns the ones that were. ErrNotRunning: the task is not
	// in StateRunning at that step, or the step is sealed.
	InsertRequests(ctx context.Context, taskID, step string, recs []Record) (existing []Record, err error)
	// Admit moves waiting requests, the earliest first, into flight (Attempt 1,
	// SentAt = Now, NextAt = Until) as long as fewer than Window are, at most
	// Limit of them and no more than Bytes allows, and returns them. None if the task is not in StateRunning
	// at that step. waiting false: none is left waiting.
	Admit(ctx context.Context, a Admission) (admitted []Record, waiting bool, err error)
	// Reschedule sets Sent, SentAt, Attempt, NextAt and Reply of requests that are in
	// flight, and leaves others alone.
	Reschedule(ctx context.Context, recs []Record) error
	// ClaimRequests takes up to Limit requests in flight within Scopes that are
	// due (0 < NextAt <= Now), no more than Bytes allows, and sets NextAt = Until.
	ClaimRequests(ctx context.Context, c Claim) ([]Record, error)
	// CloseRequests closes open requests by compare-and-set, as each says, and
	// tells for each what it found.
	CloseRequests(ctx context.Context, closings []Closing) ([]Closed, error)
	// HasOpen reports whether a request of the step is open. Its cost does not
	// depend on how many requests there are.
	HasOpen(ctx context.Context, taskID, step string) (bool, error)
	// CloseOpen closes up to limit open requests of an ended task as cancelled.
	CloseOpen(ctx context.Context, taskID string, limit int) (int, error)
	// Tally counts the step's request records themselves.
	Tally(ctx context.Context, taskID, step string) (Tally, error)
	// ListRequests returns requests that match, in order of step and name.
	ListRequests(ctx context.Context, f RequestFilter) ([]Record, error)
}

// JobStore keeps what concerns whole jobs.
type JobStore interface {
	// CancelJob remembers durably that the job is cancelled, then moves its
	// running tasks to StateEnding with Outcome StateCancelled, Error cause,
	// EndedAt and NextAt now and the next version, and returns how many.
	CancelJob(ctx context.Context, jobID string, cause ReplyError, now, expireAt time.Time) (int, error)
	// JobCancelled reports whether CancelJob was called for the job.
	JobCancelled(ctx context.Context, jobID string) (bool, error)
	// Progress sums up the job per type and step, in the order they first
	// appeared. It may lag behind the records, but not when all are closed.
	Progress(ctx context.Context, jobID string) ([]Level, error)
}

// Scope names a step of a type of task.
type Scope struct{ Type, Step string }

// Unfinished is how much there is to do at a step.
type Unfinished struct{ Tasks, Open int64 }

// Claim says which due work to take, and until when it is the claimer's.
type Claim struct {
	Scopes []Scope
	Owner  string
	Now    time.Time
	Until  time.Time
	Limit  int
	Bytes  int // of requests: none is taken after those whose payloads come to so many; 0: no bound
}

// Admission says which step's waiting requests to move into flight.
type Admission struct {
	TaskID, Step string
	Window       int // the most in flight; negative: no bound
	Limit        int // the most to move now
	Bytes        int // none is moved after those whose payloads come to so many; 0: no bound
	Now          time.Time
	Until        time.Time // when somebody else shall publish them
}

// Closing asks to close one request.
type Closing struct {
	TaskID, Step, Name string
	State              RequestState
	Reply              Reply // Timestamp zero: there was none, it timed out or was refused
	// Late closes the request without its reply and counts that as late.
	Late bool
}

// Closed tells what CloseRequests found.
type Closed struct {
	Found  Found
	SentAt time.Time // when it was published last; zero: unknown
}

// Found is the state in which CloseRequests found a request.
type Found int

// What CloseRequests finds.
const (
	FoundOpen     Found = iota // it was open and is closed now
	FoundAnswered              // a reply closed it before
	FoundClosed                // it was closed without a reply; counted in Late
	FoundNothing               // there is no such request
)

// Tally is an exact count of a step's requests.
type Tally struct {
	Total, Failed int64  // requests; Failed includes cancelled ones
	Counts        Counts // what their replies stand for; open ones count as total only
}

// TaskFilter selects tasks; zero fields select all.
type TaskFilter struct {
	JobID         string
	Type          string
	States        []State
	CreatedFrom   time.Time // inclusive
	CreatedBefore time.Time // exclusive
	After         string    // task id to continue after
	Limit         int       // 0: 100
}

// RequestFilter selects requests of one task; zero fields select all.
type RequestFilter struct {
	TaskID    string
	Step      string
	States    []RequestState
	AfterStep string // with AfterName: the request to continue after
	AfterName string
	Limit     int // 0: 100
}

// Level is the progress of all tasks of one type at one step within a job.
type Level struct {
	Type, Step string
	Tasks      int64 // tasks that are at the step or have requests of it
	Growing    int64 // those whose requests are not all stored yet
	Total      int64 // requests stored so far
	InFlight   int64
	OK         int64
	Failed     int64
	Cancelled  int64
	Late       int64 // replies discarded because they came too late
}

// Waiting is how many requests have not been published yet.
func (l Level) Waiting() int64 { return l.Total - l.InFlight - l.OK - l.Failed - l.Cancelled }

// Sealed reports whether Total is final for the tasks there are.
func (l Level) Sealed() bool { return l.Growing == 0 }
