package rsevent

// Request is the header of an event that may ask for an answer. All three are
// empty, or RequestID and ReplyTopic are set; JobID names the full sync that the
// request belongs to, if any.
type Request struct {
	RequestID  string `json:"request_id,omitempty" validate:"required_with=ReplyTopic,max=512"`
	JobID      string `json:"job_id,omitempty" validate:"max=128"`
	ReplyTopic string `json:"reply_topic,omitempty" validate:"required_with=RequestID,max=249"`
}

// WantsReply tells whether the event must be answered.
func (r Request) WantsReply() bool { return r.RequestID != "" }

// JobRequest is the header of an event that is always part of a job and always
// answered.
type JobRequest struct {
	RequestID  string `json:"request_id" validate:"required,max=512"`
	JobID      string `json:"job_id" validate:"required,max=128"`
	ReplyTopic string `json:"reply_topic" validate:"required,max=249"`
}

// How a request ended.
const (
	StatusOK        = "ok"
	StatusFailed    = "failed"
	StatusCancelled = "cancelled"
)

// Reply answers one request. Counts is set when the request stood for many.
type Reply struct {
	RequestID string      `json:"request_id" validate:"required,max=512"`
	JobID     string      `json:"job_id,omitempty" validate:"max=128"`
	Status    string      `json:"status" validate:"required,oneof=ok failed cancelled"`
	Error     *ReplyError `json:"error,omitempty" validate:"required_if=Status failed"`
	Counts    *Counts     `json:"counts,omitempty"`
}

// ReplyError says why a request failed.
type ReplyError struct {
	// Code is for programs, such as "invalid_document" or "unavailable".
	Code string `json:"code" validate:"required,max=64"`
	// Text is for people.
	Text string `json:"text,omitempty" validate:"max=4096"`
}

// Counts sums up the requests that one request was split into.
type Counts struct {
	Total  int64 `json:"total" validate:"min=0"`
	OK     int64 `json:"ok" validate:"min=0"`
	Failed int64 `json:"failed" validate:"min=0"`
}

// ReplyTo is the reply of the given status to the request, without error or counts.
func ReplyTo(r Request, status string) Reply {
	return Reply{RequestID: r.RequestID, JobID: r.JobID, Status: status}
}
