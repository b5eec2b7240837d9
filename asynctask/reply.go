package asynctask

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/eventbus"
)

// Reply answers a request. Its wire form is the payload of a reply event:
//
//	{"request_id", "job_id", "status": "ok|failed|cancelled", "error"?: {"code","text"}, "counts"?: {"total","ok","failed"}}
type Reply struct {
	RequestID string      `json:"request_id"`
	JobID     string      `json:"job_id,omitempty"`
	Status    Status      `json:"status"`
	Error     *ReplyError `json:"error,omitempty"`
	Counts    *Counts     `json:"counts,omitempty"` // nil: it stands for itself

	EventType string          `json:"-"`
	Timestamp time.Time       `json:"-"` // the reply message's
	Payload   json.RawMessage `json:"-"` // the whole payload; not stored
}

// ReplyError says in a reply why something failed.
type ReplyError struct {
	Code string `json:"code"`
	Text string `json:"text,omitempty"`
}

// Error implements error.
func (e *ReplyError) Error() string {
	if e.Text == "" {
		return e.Code
	}
	return e.Code + ": " + e.Text
}

// state is the request state that the reply leads to.
func (r Reply) state() RequestState {
	switch r.Status {
	case StatusOK:
		return RequestOK
	case StatusCancelled:
		return RequestCancelled
	default:
		return RequestFailed
	}
}

// decodeReply reads a reply event; every error matches [ErrBadReply].
func decodeReply(msg *eventbus.Message, now time.Time) (Reply, error) {
	var r Reply
	if err := json.Unmarshal(msg.Payload, &r); err != nil {
		return Reply{}, fmt.Errorf("%w: %w", ErrBadReply, err)
	}
	if task, step, name, ok := SplitRequestID(r.RequestID); !ok || !fit(task, step, name) {
		return Reply{}, fmt.Errorf("%w: request_id %q", ErrBadReply, r.RequestID)
	}
	switch r.Status {
	case StatusOK, StatusFailed, StatusCancelled:
	default:
		return Reply{}, fmt.Errorf("%w: status %q", ErrBadReply, r.Status)
	}
	if r.Counts != nil && !r.Counts.plausible() {
		return Reply{}, fmt.Errorf("%w: counts %+v", ErrBadReply, *r.Counts)
	}
	if r.Error != nil {
		r.Error.Code, r.Error.Text = clip(r.Error.Code), clip(r.Error.Text)
	}
	r.EventType, r.Timestamp, r.Payload = msg.EventType, msg.Timestamp, msg.Payload
	if r.Timestamp.IsZero() || r.Timestamp.Unix() == 0 { // neither was set by a clock
		r.Timestamp = now
	}
	return r, nil
}
