package asynctask

import (
	"context"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/eventbus"
)

// refusal is the error, as stored and told, of what the bus would never take.
func refusal(err error) *ReplyError {
	return &ReplyError{Code: CodeRefused, Text: clip(err.Error())}
}

// failures tells apart what was not published of a batch: refused for ever, by its
// index, and what is to be tried again. all: nothing of the batch is known to have
// been published.
func failures(err error) (refused map[int]error, again map[int]bool, all bool) {
	if err == nil {
		return nil, nil, false
	}
	pe, ok := errors.AsType[*eventbus.PublishError](err)
	if !ok {
		return nil, nil, true
	}
	refused, again = map[int]error{}, map[int]bool{}
	for _, f := range pe.Failed {
		if eventbus.Refused(f.Err) {
			refused[f.Index] = f.Err
		} else {
			again[f.Index] = true
		}
	}
	return refused, again, false
}

// fail closes requests of one step that the bus refused for ever, as failed.
func (m *Manager) fail(ctx context.Context, t Task, recs []Record, refused map[int]error) error {
	closings := make([]Closing, 0, len(refused))
	for i, err := range refused {
		r := recs[i]
		closings = append(closings, Closing{TaskID: r.TaskID, Step: r.Step, Name: r.Name, State: RequestFailed, Reply: Reply{
			RequestID: r.ID(), JobID: t.JobID, Status: StatusFailed, Error: refusal(err),
		}})
	}
	closed, err := m.store.CloseRequests(ctx, closings)
	if err != nil {
		return fmt.Errorf("asynctask: fail refused requests of %s: %w", t.ID, err)
	}
	failed := 0
	for i, c := range closings {
		if closed[i].Found != FoundOpen { // answered or failed meanwhile
			continue
		}
		failed++
		m.cfg.Observer.Observe(Observation{
			Kind: RequestRefused, Type: t.Type, Step: c.Step, TaskID: t.ID, RequestID: c.Reply.RequestID, TraceID: t.TraceID, Err: c.Reply.Error,
		})
	}
	if failed > 0 {
		m.cfg.Logger.ErrorContext(ctx, "the bus refused requests, which failed",
			"task", t.ID, "type", t.Type, "step", closings[0].Step, "requests", failed, "err", closings[0].Reply.Error)
	}
	return nil
}
