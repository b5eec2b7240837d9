package mongostore

import (
	"encoding/json"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hexplane/hexplane/asynctask"
)

// taskDoc is a task as stored.
type taskDoc struct {
	ID         string          `bson:"_id"`
	Type       string          `bson:"type"`
	Step       string          `bson:"step"`
	Scope      string          `bson:"scope"` // type/step
	State      asynctask.State `bson:"state"`
	Outcome    asynctask.State `bson:"outcome,omitempty"`
	ErrorCode  string          `bson:"error_code,omitempty"`
	ErrorText  string          `bson:"error_text,omitempty"`
	JobID      string          `bson:"job_id"`
	RequestID  string          `bson:"request_id,omitempty"`
	ReplyTopic string          `bson:"reply_topic,omitempty"`
	Payload    []byte          `bson:"payload,omitempty"`
	TraceID    []pair[string]  `bson:"trace,omitempty"`
	Windows    []pair[int]     `bson:"windows,omitempty"`
	Total      int64           `bson:"total"`
	OK         int64           `bson:"ok"`
	Failed     int64           `bson:"failed"`
	Deadline   int64           `bson:"deadline,omitempty"`
	CreatedAt  int64           `bson:"created_at"`
	UpdatedAt  int64           `bson:"updated_at"`
	EndedAt    int64           `bson:"ended_at,omitempty"`
	ExpireAt   int64           `bson:"expire_at,omitempty"`
	Sealed     bool            `bson:"sealed"`
	Answered   bool            `bson:"answered"`
	Version    int64           `bson:"version"`
	Owner      string          `bson:"owner"`
	NextAt     int64           `bson:"next_at,omitempty"`
}

func toTaskDoc(t asynctask.Task) *taskDoc {
	d := &taskDoc{
		ID: t.ID, Type: t.Type, Step: t.Step, Scope: scope(t.Type, t.Step), State: t.State, Outcome: t.Outcome,
		JobID: t.JobID, RequestID: t.RequestID, ReplyTopic: t.ReplyTopic, Payload: t.Payload,
		TraceID: toPairs(t.TraceID), Windows: toPairs(t.Windows), Total: t.Counts.Total, OK: t.Counts.OK, Failed: t.Counts.Failed,
		Deadline: micros(t.Deadline), CreatedAt: micros(t.CreatedAt), UpdatedAt: micros(t.UpdatedAt),
		EndedAt: micros(t.EndedAt), ExpireAt: micros(t.ExpireAt),
		Sealed: t.Sealed, Answered: t.Answered, Version: t.Version, Owner: t.Owner, NextAt: micros(t.NextAt),
	}
	if t.Error != nil {
		d.ErrorCode, d.ErrorText = t.Error.Code, t.Error.Text
	}
	return d
}

func (d *taskDoc) task() asynctask.Task {
	t := asynctask.Task{
		ID: d.ID, Type: d.Type, Step: d.Step, State: d.State, Outcome: d.Outcome,
		JobID: d.JobID, RequestID: d.RequestID, ReplyTopic: d.ReplyTopic, Payload: d.Payload,
		TraceID: fromPairs(d.TraceID), Windows: fromPairs(d.Windows), Counts: asynctask.Counts{Total: d.Total, OK: d.OK, Failed: d.Failed},
		Deadline: instant(d.Deadline), CreatedAt: instant(d.CreatedAt), UpdatedAt: instant(d.UpdatedAt),
		EndedAt: instant(d.EndedAt), ExpireAt: instant(d.ExpireAt),
		Sealed: d.Sealed, Answered: d.Answered, Version: d.Version, Owner: d.Owner, NextAt: instant(d.NextAt),
	}
	if d.ErrorCode != "" {
		t.Error = &asynctask.ReplyError{Code: d.ErrorCode, Text: d.ErrorText}
	}
	return t
}

// requestDoc is a request as stored. Open mirrors State for the partial index.
type requestDoc struct {
	ID        string                 `bson:"_id"`
	TaskID    string                 `bson:"task_id"`
	Step      string                 `bson:"step"`
	Name      string                 `bson:"name"`
	Type      string                 `bson:"type"`
	Scope     string                 `bson:"scope"`
	JobID     string                 `bson:"job_id"`
	Seq       int64                  `bson:"seq"`
	Run       int64                  `bson:"run"`
	State     asynctask.RequestState `bson:"state"`
	Open      bool                   `bson:"open,omitempty"`
	Sent      bool                   `bson:"sent"`
	Attempt   int                    `bson:"attempt"`
	Late      int                    `bson:"late"`
	NextAt    int64                  `bson:"next_at,omitempty"`
	SentAt    int64                  `bson:"sent_at,omitempty"`
	RepliedAt int64                  `bson:"replied_at,omitempty"`
	Closed    bool                   `bson:"closed,omitempty"` // with a reply or a cause
	Counted   bool                   `bson:"counted,omitempty"`
	Total     int64                  `bson:"total,omitempty"`
	OK        int64                  `bson:"ok,omitempty"`
	Failed    int64                  `bson:"failed,omitempty"`
	ErrorCode string                 `bson:"error_code,omitempty"`
	ErrorText string                 `bson:"error_text,omitempty"`
	Parked    *parked                `bson:"parked,omitempty"`
	Topic     string                 `bson:"topic"`
	EventType string                 `bson:"event_type"`
	Key       string                 `bson:"key,omitempty"`
	Payload   []byte                 `bson:"payload"`
	Size      int                    `bson:"size"` // of the payload
}

func toRequestDoc(r asynctask.Record) *requestDoc {
	return &requestDoc{
		ID: r.ID(), TaskID: r.TaskID, Step: r.Step, Name: r.Name, Type: r.Type, Scope: scope(r.Type, r.Step), JobID: r.JobID,
		Seq: r.Seq, Run: r.Run, State: r.State, Open: r.State.Open(), Sent: r.Sent, Attempt: r.Attempt, Late: r.Late,
		NextAt: micros(r.NextAt), SentAt: micros(r.SentAt),
		Topic: r.Topic, EventType: r.EventType, Key: r.Key, Payload: r.Payload, Size: len(r.Payload),
	}
}

func (d *requestDoc) record() asynctask.Record {
	r := asynctask.Record{
		TaskID: d.TaskID, Step: d.Step, Name: d.Name, Type: d.Type, JobID: d.JobID, Seq: d.Seq, Run: d.Run,
		State: d.State, Sent: d.Sent, Attempt: d.Attempt, Late: d.Late, NextAt: instant(d.NextAt), SentAt: instant(d.SentAt),
		Topic: d.Topic, EventType: d.EventType, Key: d.Key, Payload: d.Payload,
	}
	switch {
	case d.Parked != nil:
		r.Reply = d.Parked.reply()
	case d.Closed:
		r.Reply = &asynctask.Reply{RequestID: r.ID(), JobID: d.JobID, Status: status(d.State), Timestamp: instant(d.RepliedAt)}
		if d.ErrorCode != "" {
			r.Reply.Error = &asynctask.ReplyError{Code: d.ErrorCode, Text: d.ErrorText}
		}
		if d.Counted {
			r.Reply.Counts = &asynctask.Counts{Total: d.Total, OK: d.OK, Failed: d.Failed}
		}
	}
	return r
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

// parked is a reply that waits with its request: its wire form and what that
// leaves to the message.
type parked struct {
	Wire      []byte `bson:"wire"`
	EventType string `bson:"event_type"`
	Timestamp int64  `bson:"timestamp,omitempty"`
	Payload   []byte `bson:"payload,omitempty"`
}

func toParked(r *asynctask.Reply) (*parked, error) {
	wire, err := json.Marshal(r)
	return &parked{Wire: wire, EventType: r.EventType, Timestamp: micros(r.Timestamp), Payload: r.Payload}, err
}

func (p *parked) reply() *asynctask.Reply {
	r := &asynctask.Reply{}
	if err := json.Unmarshal(p.Wire, r); err != nil { // it was marshaled here
		r.Status = asynctask.StatusFailed
	}
	r.EventType, r.Timestamp, r.Payload = p.EventType, instant(p.Timestamp), p.Payload
	return r
}

func scope(typ, step string) string { return typ + "/" + step }

// due selects what belongs to a claim's scopes and is due.
func due(c asynctask.Claim) bson.M {
	names := make([]string, len(c.Scopes))
	for i, sc := range c.Scopes {
		names[i] = scope(sc.Type, sc.Step)
	}
	return bson.M{"next_at": bson.M{"$lte": micros(c.Now), "$gt": int64(0)}, "scope": bson.M{"$in": names}}
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// setOrUnset sets a field, or removes it when the value is zero.
func setOrUnset(set, unset bson.M, field string, v int64) {
	if v == 0 {
		unset[field] = ""
	} else {
		set[field] = v
	}
}

// change is an update of what is to be set and removed, either may be empty.
func change(set, unset, inc bson.M) bson.M {
	u := bson.M{}
	for op, fields := range map[string]bson.M{"$set": set, "$unset": unset, "$inc": inc} {
		if len(fields) > 0 {
			u[op] = fields
		}
	}
	return u
}
