package sqlstore

import (
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/asynctask"
)

// requestRow is a request as stored.
type requestRow struct {
	bun.BaseModel `bun:"table:asynctask_requests,alias:r"`

	TaskID    string  `bun:"task_id,pk"`
	Step      string  `bun:"step,pk"`
	Name      string  `bun:"name,pk"`
	Type      string  `bun:"type"`
	JobID     string  `bun:"job_id"`
	Seq       int64   `bun:"seq"`
	Run       int64   `bun:"run"`
	State     int     `bun:"state"`
	Sent      bool    `bun:"sent"`
	Attempt   int     `bun:"attempt"`
	Late      int     `bun:"late"`
	NextAt    int64   `bun:"next_at,nullzero"`
	SentAt    int64   `bun:"sent_at,nullzero"`
	RepliedAt int64   `bun:"replied_at,nullzero"`
	Total     *int64  `bun:"total"`
	OK        *int64  `bun:"ok"`
	Failed    *int64  `bun:"failed"`
	ErrorCode *string `bun:"error_code"` // set with any cause of closing, "" for none
	ErrorText *string `bun:"error_text"`
	Parked    string  `bun:"parked,nullzero"` // a reply in JSON
	Topic     string  `bun:"topic"`
	EventType string  `bun:"event_type"`
	MsgKey    string  `bun:"msg_key"`
	Payload   string  `bun:"payload"`
}

func toRequestRow(r asynctask.Record) *requestRow {
	return &requestRow{
		TaskID: r.TaskID, Step: r.Step, Name: r.Name, Type: r.Type, JobID: r.JobID, Seq: r.Seq, Run: r.Run,
		State: int(r.State), Sent: r.Sent, Attempt: r.Attempt, Late: r.Late,
		NextAt: micros(r.NextAt), SentAt: micros(r.SentAt),
		Topic: r.Topic, EventType: r.EventType, MsgKey: r.Key, Payload: string(r.Payload),
	}
}

func (r *requestRow) record() (asynctask.Record, error) {
	rec := asynctask.Record{
		TaskID: r.TaskID, Step: r.Step, Name: r.Name, Type: r.Type, JobID: r.JobID, Seq: r.Seq, Run: r.Run,
		State: asynctask.RequestState(r.State), Sent: r.Sent, Attempt: r.Attempt, Late: r.Late,
		NextAt: instant(r.NextAt), SentAt: instant(r.SentAt),
		Topic: r.Topic, EventType: r.EventType, Key: r.MsgKey, Payload: json.RawMessage(r.Payload),
	}
	switch {
	case r.Parked != "":
		var p parked
		if err := json.Unmarshal([]byte(r.Parked), &p); err != nil {
			return rec, fmt.Errorf("sqlstore: parked reply of %s: %w", rec.ID(), err)
		}
		rec.Reply = p.reply()
	case r.ErrorCode != nil:
		rec.Reply = r.reply(rec)
	}
	return rec, nil
}

// reply is what closed the request.
func (r *requestRow) reply(rec asynctask.Record) *asynctask.Reply {
	reply := &asynctask.Reply{RequestID: rec.ID(), JobID: r.JobID, Status: status(rec.State), Timestamp: instant(r.RepliedAt)}
	if *r.ErrorCode != "" {
		reply.Error = &asynctask.ReplyError{Code: *r.ErrorCode}
		if r.ErrorText != nil {
			reply.Error.Text = *r.ErrorText
		}
	}
	if r.Total != nil && r.OK != nil && r.Failed != nil {
		reply.Counts = &asynctask.Counts{Total: *r.Total, OK: *r.OK, Failed: *r.Failed}
	}
	return reply
}

func status(s asynctask.RequestState) asynctask.Status {
	switch s {
	case asynctask.RequestOK:
		return asynctask.StatusOK
	case asynctask.RequestCancelled:
		return asynctask.StatusCancelled
	default:
		return asynctask.StatusFailed
	}
}

func records(rows []*requestRow) ([]asynctask.Record, error) {
	out := make([]asynctask.Record, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.record(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parked is a whole reply, with what its wire form leaves to the message.
type parked struct {
	asynctask.Reply
	EventType string          `json:"event_type"`
	Micros    int64           `json:"timestamp"`
	Body      json.RawMessage `json:"payload,omitempty"`
}

func (p parked) reply() *asynctask.Reply {
	r := p.Reply
	r.EventType, r.Timestamp, r.Payload = p.EventType, instant(p.Micros), p.Body
	return &r
}

func parkedText(r *asynctask.Reply) (string, error) {
	if r == nil {
		return "", nil
	}
	b, err := json.Marshal(parked{Reply: *r, EventType: r.EventType, Micros: micros(r.Timestamp), Body: r.Payload})
	if err != nil {
		return "", fmt.Errorf("sqlstore: park %s: %w", r.RequestID, err)
	}
	return string(b), nil
}
