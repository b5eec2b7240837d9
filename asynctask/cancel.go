package asynctask

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/eventbus"
)

// CancelJob ends every task of the job in this store as cancelled. The job is
// remembered for Config.Retention, so that tasks started for it later end as
// cancelled too, before they publish anything. Requests not yet published never
// are; replies still under way are discarded and counted; each task's requester
// is told. Its cost grows with the number of tasks, not of requests. Cancelling
// again, or a job that is unknown, is harmless.
func (m *Manager) CancelJob(ctx context.Context, jobID string) error {
	if !fit(jobID) { // nor is there such a job
		return nil
	}
	now := m.now()
	n, err := m.store.CancelJob(ctx, jobID, *cancelCause(), now, now.Add(m.cfg.Retention))
	if err != nil {
		return fmt.Errorf("asynctask: cancel job %s: %w", jobID, err)
	}
	for typ := range m.wakes {
		m.signal(typ)
	}
	m.cfg.Logger.InfoContext(ctx, "job cancelled", "job", jobID, "tasks", n)
	return nil
}

// header is what requests carry in their payload.
type header struct {
	RequestID  string `json:"request_id"`
	JobID      string `json:"job_id"`
	ReplyTopic string `json:"reply_topic"`
}

func decodeHeader(msg *eventbus.Message) (header, error) {
	var h header
	if err := json.Unmarshal(msg.Payload, &h); err != nil {
		return h, eventbus.Permanent(fmt.Errorf("asynctask: %s: %w", msg.EventType, err))
	}
	return h, nil
}

// Starter is a callback for request events: each starts a task of the type
// with the event's whole payload. A redelivered request finds its task.
func (m *Manager) Starter(taskType string) eventbus.Callback {
	return eventbus.CallbackFunc(func(ctx context.Context, msg *eventbus.Message) error {
		h, err := decodeHeader(msg)
		if err != nil {
			return err
		}
		requestID := h.RequestID
		if requestID == "" { // nobody waits: the message itself is the request
			requestID = msg.ID
		}
		_, err = m.Start(ctx, StartOptions{
			Type: taskType, JobID: h.JobID, RequestID: requestID, ReplyTopic: h.ReplyTopic,
			Payload: msg.Payload, TraceID: msg.TraceID,
		})
		if errors.Is(err, ErrPayloadTooLarge) || errors.Is(err, ErrUnknownType) || errors.Is(err, ErrBadStart) {
			return eventbus.Permanent(err)
		}
		return err
	})
}

// Replies is a callback for reply events: [Manager.DispatchEvent], where
// replies that are discarded count as done and those that can never be
// accepted are dead letters.
func (m *Manager) Replies() eventbus.Callback {
	return eventbus.CallbackFunc(func(ctx context.Context, msg *eventbus.Message) error {
		_, err := m.DispatchEvent(ctx, msg)
		switch {
		case errors.Is(err, ErrUnknownRequest), errors.Is(err, ErrLateReply):
			return nil
		case errors.Is(err, ErrBadReply), errors.Is(err, ErrWrongEventType):
			return eventbus.Permanent(err)
		default:
			return err
		}
	})
}

// Canceller is a callback for cancel events: [Manager.CancelJob] of the
// payload's job_id.
func (m *Manager) Canceller() eventbus.Callback {
	return eventbus.CallbackFunc(func(ctx context.Context, msg *eventbus.Message) error {
		h, err := decodeHeader(msg)
		if err != nil {
			return err
		}
		if h.JobID == "" || !fit(h.JobID) {
			return eventbus.Permanent(fmt.Errorf("asynctask: %s: job_id %q", msg.EventType, h.JobID))
		}
		return m.CancelJob(ctx, h.JobID)
	})
}
