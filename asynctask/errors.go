package asynctask

import "errors"

// What callers can test for with [errors.Is].
var (
	// ErrUnknownType: no definition of that type is registered here.
	ErrUnknownType = errors.New("asynctask: unknown task type")
	// ErrUnknownStep: the task's definition here has no step of that name.
	ErrUnknownStep = errors.New("asynctask: unknown step")
	// ErrBadDefinition: a definition breaks a rule that NewManager checks.
	ErrBadDefinition = errors.New("asynctask: bad definition")
	// ErrBadStart: start options that cannot be accepted.
	ErrBadStart = errors.New("asynctask: bad start")
	// ErrBadReply: a reply event that cannot be read.
	ErrBadReply = errors.New("asynctask: bad reply")
	// ErrWrongEventType: a reply event that the request's step does not accept.
	ErrWrongEventType = errors.New("asynctask: wrong reply event type")
	// ErrUnknownRequest: a reply to a request that the store does not hold.
	ErrUnknownRequest = errors.New("asynctask: unknown request")
	// ErrLateReply: a reply to a request that was closed without one.
	ErrLateReply = errors.New("asynctask: late reply")
	// ErrBadRequest: a step yielded a request that cannot be published.
	ErrBadRequest = errors.New("asynctask: bad request")
	// ErrDuplicateRequest: a step yielded the same request name twice.
	ErrDuplicateRequest = errors.New("asynctask: duplicate request")
	// ErrPayloadTooLarge: a payload over Config.MaxPayload.
	ErrPayloadTooLarge = errors.New("asynctask: payload too large")
	// ErrRefused: a request or reply that the bus would never take; see
	// [eventbus.Refused].
	ErrRefused = errors.New("asynctask: refused by the bus")
	// ErrEnded: the task has ended or is ending.
	ErrEnded = errors.New("asynctask: task has ended")

	// ErrTaskNotFound is returned by stores for a task that is not there.
	ErrTaskNotFound = errors.New("asynctask: task not found")
	// ErrConflict is returned by stores when a compare-and-set found a newer version.
	ErrConflict = errors.New("asynctask: conflict")
	// ErrNotRunning is returned by stores when the task does not run that
	// step, or not any more what is asked for within it.
	ErrNotRunning = errors.New("asynctask: task does not run this step")
)

// Codes of the errors that this package itself puts into tasks and replies.
const (
	CodeTimeout          = "timeout"           // a request got no reply in time
	CodeDeadline         = "deadline"          // the task's deadline passed
	CodeCancelled        = "cancelled"         // the job was cancelled
	CodeRequestsFailed   = "requests_failed"   // a step's failure policy said no
	CodeBadRequest       = "bad_request"       // ErrBadRequest
	CodeDuplicateRequest = "duplicate_request" // ErrDuplicateRequest
	CodePayloadTooLarge  = "payload_too_large" // ErrPayloadTooLarge
	CodeRefused          = "refused"           // ErrRefused
)

// Is lets errors.Is(task.Error, ErrDuplicateRequest) and its like work on
// errors that were stored and read back.
func (e *ReplyError) Is(target error) bool {
	switch e.Code {
	case CodeBadRequest:
		return target == ErrBadRequest
	case CodeDuplicateRequest:
		return target == ErrDuplicateRequest
	case CodePayloadTooLarge:
		return target == ErrPayloadTooLarge
	case CodeRefused:
		return target == ErrRefused
	default:
		return false
	}
}
