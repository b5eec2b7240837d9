package sqlstore

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/asynctask"
)

// taskRow is a task as stored.
type taskRow struct {
	bun.BaseModel `bun:"table:asynctask_tasks,alias:t"`

	ID         string `bun:"id,pk"`
	Type       string `bun:"type"`
	Step       string `bun:"step"`
	State      string `bun:"state"`
	Outcome    string `bun:"outcome"`
	ErrorCode  string `bun:"error_code"`
	ErrorText  string `bun:"error_text"`
	JobID      string `bun:"job_id"`
	RequestID  string `bun:"request_id"`
	ReplyTopic string `bun:"reply_topic"`
	Payload    string `bun:"payload,nullzero"`
	Trace      string `bun:"trace,nullzero"`
	Windows    string `bun:"windows,nullzero"`
	Total      int64  `bun:"total"`
	OK         int64  `bun:"ok"`
	Failed     int64  `bun:"failed"`
	Deadline   int64  `bun:"deadline,nullzero"`
	CreatedAt  int64  `bun:"created_at"`
	UpdatedAt  int64  `bun:"updated_at"`
	EndedAt    int64  `bun:"ended_at,nullzero"`
	ExpireAt   int64  `bun:"expire_at,nullzero"`
	Sealed     bool   `bun:"sealed"`
	Answered   bool   `bun:"answered"`
	Version    int64  `bun:"version"`
	Owner      string `bun:"owner"`
	NextAt     int64  `bun:"next_at,nullzero"`
}

func toTaskRow(t asynctask.Task) (*taskRow, error) {
	r := &taskRow{
		ID: t.ID, Type: t.Type, Step: t.Step, State: string(t.State), Outcome: string(t.Outcome),
		JobID: t.JobID, RequestID: t.RequestID, ReplyTopic: t.ReplyTopic, Payload: string(t.Payload),
		Total: t.Counts.Total, OK: t.Counts.OK, Failed: t.Counts.Failed,
		Deadline: micros(t.Deadline), CreatedAt: micros(t.CreatedAt), UpdatedAt: micros(t.UpdatedAt),
		EndedAt: micros(t.EndedAt), ExpireAt: micros(t.ExpireAt),
		Sealed: t.Sealed, Answered: t.Answered, Version: t.Version, Owner: t.Owner, NextAt: micros(t.NextAt),
	}
	if t.Error != nil {
		r.ErrorCode, r.ErrorText = t.Error.Code, t.Error.Text
	}
	var err error
	if r.Trace, err = mapText(t.TraceID); err != nil {
		return nil, err
	}
	r.Windows, err = mapText(t.Windows)
	return r, err
}

func (r *taskRow) task() (asynctask.Task, error) {
	t := asynctask.Task{
		ID: r.ID, Type: r.Type, Step: r.Step, State: asynctask.State(r.State), Outcome: asynctask.State(r.Outcome),
		JobID: r.JobID, RequestID: r.RequestID, ReplyTopic: r.ReplyTopic,
		Counts:   asynctask.Counts{Total: r.Total, OK: r.OK, Failed: r.Failed},
		Deadline: instant(r.Deadline), CreatedAt: instant(r.CreatedAt), UpdatedAt: instant(r.UpdatedAt),
		EndedAt: instant(r.EndedAt), ExpireAt: instant(r.ExpireAt),
		Sealed: r.Sealed, Answered: r.Answered, Version: r.Version, Owner: r.Owner, NextAt: instant(r.NextAt),
	}
	if r.Payload != "" {
		t.Payload = json.RawMessage(r.Payload)
	}
	if r.ErrorCode != "" {
		t.Error = &asynctask.ReplyError{Code: r.ErrorCode, Text: r.ErrorText}
	}
	if err := textMap(r.Trace, &t.TraceID); err != nil {
		return t, fmt.Errorf("sqlstore: task %s: %w", r.ID, err)
	}
	if err := textMap(r.Windows, &t.Windows); err != nil {
		return t, fmt.Errorf("sqlstore: task %s: %w", r.ID, err)
	}
	return t, nil
}

func tasks(rows []*taskRow) ([]asynctask.Task, error) {
	out := make([]asynctask.Task, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.task(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func mapText[V any](m map[string]V) (string, error) {
	if len(m) == 0 {
		return "", nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("sqlstore: %w", err)
	}
	return string(b), nil
}

func textMap[V any](s string, m *map[string]V) error {
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), m)
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
