package asynctask

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/hexplane/hexplane/eventbus"
)

// refill moves waiting requests into the step's window and publishes them,
// until the window is full or nothing waits. Once a sealed step has none
// waiting it never has again, and is not asked any more by this manager.
func (m *Manager) refill(ctx context.Context, t Task, s *Step) error {
	key := fmt.Sprint(advanceKey(t.ID, s.Name), "@", t.CreatedAt.UnixMicro()) // an id may come again once it expired
	if m.drained.has(key) {
		return nil
	}
	for {
		now := m.now()
		recs, waiting, err := m.store.Admit(ctx, Admission{
			TaskID: t.ID, Step: s.Name, Window: m.window(t, s), Limit: m.cfg.Batch, Bytes: m.cfg.BatchBytes,
			Now: now, Until: now.Add(m.cfg.Lease),
		})
		if err != nil {
			return fmt.Errorf("asynctask: admit %s/%s: %w", t.ID, s.Name, err)
		}
		if t.Sealed && !waiting {
			m.drained.add(key)
		}
		refused := false
		if len(recs) > 0 {
			if refused, err = m.publish(ctx, t, s, recs); err != nil {
				return err
			}
		}
		if !m.wasFull(recs) && !refused {
			return nil
		}
		if t, err = m.store.Task(ctx, t.ID); err != nil { // its window may be another by now
			return fmt.Errorf("asynctask: refill: %w", err)
		}
	}
}

func (m *Manager) window(t Task, s *Step) int {
	if w, ok := t.Windows[s.Name]; ok {
		return w
	}
	if s.Window != 0 {
		return s.Window
	}
	return m.cfg.Window
}

// publish sends requests of one step that are in flight, then marks them as
// sent. A crash in between leaves them due, and they are sent again. Those that
// the bus refuses for ever are closed as failed; it reports whether there were any,
// which leave room in the window.
func (m *Manager) publish(ctx context.Context, t Task, s *Step, recs []Record) (refused bool, err error) {
	msgs := make([]*eventbus.Message, len(recs))
	for i, r := range recs {
		if msgs[i], err = m.message(t, s, r); err != nil {
			return false, err
		}
	}
	published := m.bus.Publish(ctx, msgs...)
	never, again, all := failures(published)
	if all {
		return false, fmt.Errorf("asynctask: publish %s/%s: %w", t.ID, s.Name, published)
	}
	if sent := m.sent(t, s, recs, never, again); len(sent) > 0 {
		if err := m.store.Reschedule(ctx, sent); err != nil {
			return false, fmt.Errorf("asynctask: mark sent %s/%s: %w", t.ID, s.Name, err)
		}
	}
	if len(never) > 0 {
		if err := m.fail(ctx, t, recs, never); err != nil {
			return false, err
		}
	}
	if len(again) > 0 {
		return len(never) > 0, fmt.Errorf("asynctask: publish %s/%s: %w", t.ID, s.Name, published)
	}
	return len(never) > 0, nil
}

// sent returns those of recs that reached the bus, as they are to be stored.
func (m *Manager) sent(t Task, s *Step, recs []Record, never map[int]error, again map[int]bool) []Record {
	now := m.now()
	out := make([]Record, 0, len(recs))
	for i, r := range recs {
		if never[i] != nil || again[i] {
			continue
		}
		r.Sent, r.SentAt, r.NextAt = true, now, time.Time{}
		if s.Timeout > 0 {
			r.NextAt = now.Add(s.Timeout)
		}
		out = append(out, r)
		m.cfg.Observer.Observe(Observation{
			Kind: RequestPublished, Type: t.Type, Step: s.Name, TaskID: t.ID, RequestID: r.ID(), Attempt: r.Attempt, TraceID: t.TraceID,
		})
	}
	return out
}

// message is the request as it travels.
func (m *Manager) message(t Task, s *Step, r Record) (*eventbus.Message, error) {
	payload, err := requestPayload(r.Payload, r.ID(), t.JobID, s.ReplyTopic)
	if err != nil {
		return nil, err
	}
	key := r.Key
	if key == "" {
		key = r.ID()
	}
	msg, err := eventbus.NewMessage(r.Topic, r.EventType, key, payload)
	if err != nil {
		return nil, fmt.Errorf("asynctask: request %s: %w", r.ID(), err)
	}
	msg.Timestamp, msg.TraceID = m.now(), t.TraceID
	return msg, nil
}

// requestPayload sets the header fields into the JSON object raw.
func requestPayload(raw json.RawMessage, requestID, jobID, replyTopic string) (json.RawMessage, error) {
	if bytes.Contains(raw, []byte(`"request_id"`)) || bytes.Contains(raw, []byte(`"job_id"`)) || bytes.Contains(raw, []byte(`"reply_topic"`)) {
		return replaceHeader(raw, requestID, jobID, replyTopic)
	}
	body := bytes.TrimSpace(raw)
	out := make([]byte, 0, len(body)+len(requestID)+len(jobID)+len(replyTopic)+64)
	out = append(out, `{"request_id":`...)
	out = appendJSON(out, requestID)
	out = append(out, `,"job_id":`...)
	out = appendJSON(out, jobID)
	out = append(out, `,"reply_topic":`...)
	out = appendJSON(out, replyTopic)
	if rest := bytes.TrimLeft(body[1:], " \t\r\n"); rest[0] != '}' {
		out = append(append(out, ','), rest...)
		return out, nil
	}
	return append(out, '}'), nil
}

func replaceHeader(raw json.RawMessage, requestID, jobID, replyTopic string) (json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBadRequest, requestID, err)
	}
	fields["request_id"] = appendJSON(nil, requestID)
	fields["job_id"] = appendJSON(nil, jobID)
	fields["reply_topic"] = appendJSON(nil, replyTopic)
	out, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBadRequest, requestID, err)
	}
	return out, nil
}

// appendJSON appends s as a JSON string.
func appendJSON(out []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		return strconv.AppendQuote(out, s)
	}
	return append(out, b...)
}
