package asynctask_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"iter"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
)

func (m *machine) parent() asynctask.Definition {
	return asynctask.Definition{Type: "Parent", ReplyEvent: "ParentReply", Steps: []asynctask.Step{
		{Name: "children", Requests: m.children, ReplyTopic: "replies", ReplyEvents: []string{"ChildReply"}, Window: 2},
		{Name: "last", Requests: asynctask.Fixed(asynctask.Request{Topic: "leaves", EventType: "Leaf"}), ReplyTopic: "replies", ReplyEvents: []string{"LeafReply"}},
	}}
}

func (m *machine) child() asynctask.Definition {
	return asynctask.Definition{Type: "Child", ReplyEvent: "ChildReply", Steps: []asynctask.Step{{
		Name: "leaves", Requests: m.leaves, ReplyTopic: "replies", ReplyEvents: []string{"LeafReply"}, Window: machineWindow,
		Timeout: time.Hour, Retry: asynctask.Retry{Attempts: 1000}, Policy: asynctask.AtMostPercent(50),
	}}}
}

func (m *machine) children(_ context.Context, task asynctask.Task) iter.Seq2[asynctask.Request, error] {
	return func(yield func(asynctask.Request, error) bool) {
		for i, n := range m.shape[task.ID] {
			r := asynctask.Request{Name: fmt.Sprint("c", i), Topic: "children", EventType: "Child", Payload: map[string]int{"leaves": n}}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (m *machine) leaves(_ context.Context, task asynctask.Task) iter.Seq2[asynctask.Request, error] {
	return func(yield func(asynctask.Request, error) bool) {
		var p struct {
			Leaves int `json:"leaves"`
		}
		if err := json.Unmarshal(task.Payload, &p); err != nil {
			yield(asynctask.Request{}, err)
			return
		}
		for range p.Leaves {
			if !yield(asynctask.Request{Topic: "leaves", EventType: "Leaf"}, nil) {
				return
			}
		}
	}
}

// Publish is the bus: it keeps messages until they are acknowledged.
func (m *machine) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	for _, msg := range msgs {
		m.queue = append(m.queue, msg)
		var h struct {
			RequestID string           `json:"request_id"`
			JobID     string           `json:"job_id"`
			Status    asynctask.Status `json:"status"`
		}
		if err := json.Unmarshal(msg.Payload, &h); err != nil {
			return err
		}
		switch msg.Topic {
		case "outer":
			m.outer[h.RequestID] = append(m.outer[h.RequestID], h.Status)
		case "leaves", "children":
			if m.cancelled[h.JobID] {
				return fmt.Errorf("published %s after its job was cancelled", h.RequestID)
			}
			m.published[h.RequestID] = true
		}
	}
	return nil
}

// leafStatus is how the leaf answers, always the same.
func leafStatus(id string) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	if h.Sum32()%4 == 0 {
		return "failed"
	}
	return "ok"
}
