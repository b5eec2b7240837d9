package docstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"github.com/hexplane/hexplane/eventbus"
)

// entry is an event as the outbox keeps it.
type entry struct {
	ID        string            `json:"id"`
	EventType string            `json:"event_type"`
	Topic     string            `json:"topic"`
	Key       string            `json:"key"`
	Payload   json.RawMessage   `json:"payload"`
	TraceID   map[string]string `json:"trace_id,omitempty"`
	Timestamp time.Time         `json:"timestamp"`
}

// encodeEvents returns the events as the outbox keeps them. One without a trace
// context gets that of ctx: when it is published, the trace would be lost.
func encodeEvents(ctx context.Context, events []*eventbus.Message) ([]Event, error) {
	out := make([]Event, 0, len(events))
	for _, m := range events {
		traceID := m.TraceID
		if len(traceID) == 0 {
			traceID = traceOf(ctx)
		}
		data, err := json.Marshal(entry{
			ID: m.ID, EventType: m.EventType, Topic: m.Topic, Key: m.Key,
			Payload: m.Payload, TraceID: traceID, Timestamp: m.Timestamp,
		})
		if err != nil {
			return nil, fmt.Errorf("docstore: encode event %s: %w", m.EventType, err)
		}
		out = append(out, Event{Stream: m.Topic + "/" + m.Key, Data: data})
	}
	return out, nil
}

// traceOf returns the W3C trace context of ctx.
func traceOf(ctx context.Context) map[string]string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	propagation.Baggage{}.Inject(ctx, carrier)
	return carrier
}

func decodeEvent(data []byte) (*eventbus.Message, error) {
	var e entry
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("docstore: decode event: %w", err)
	}
	return &eventbus.Message{
		ID: e.ID, EventType: e.EventType, Topic: e.Topic, Key: e.Key,
		Payload: e.Payload, TraceID: e.TraceID, Timestamp: e.Timestamp,
	}, nil
}

func (s *Store) write(ctx context.Context, w Write) (int64, error) {
	version, err := s.backend.Write(ctx, w)
	if err != nil {
		return 0, err
	}
	if len(w.Events) > 0 {
		select {
		case s.wake <- struct{}{}:
		default: // Run is already told
		}
	}
	return version, nil
}

// Run publishes events right after their writes, and what an earlier crash left
// behind, until ctx ends. A failed publish is repeated with growing waits. It
// returns ctx's error. Several processes may run it on one database.
func (s *Store) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
			if failures > 0 {
				continue // the timer decides when to try again
			}
		case <-timer.C:
		}
		err := s.Flush(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failures++
			s.cfg.Log.WarnContext(ctx, "outbox not published, will retry", "error", err, "failures", failures)
		} else {
			failures = 0
		}
		timer.Reset(s.pause(failures))
	}
}

// pause returns how long to wait until the outbox is looked at again.
func (s *Store) pause(failures int) time.Duration {
	if failures == 0 {
		return s.cfg.Sweep
	}
	return min(100*time.Millisecond<<min(failures, 10), s.cfg.Backoff)
}

// Flush publishes the events that are due now, and returns when none is left that
// this process may publish. Call it to empty the outbox before a clean stop.
func (s *Store) Flush(ctx context.Context) error {
	for {
		events, err := s.backend.Claim(ctx, s.cfg.Lease, s.cfg.Batch)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		if err := s.publish(ctx, events); err != nil {
			return err
		}
	}
}

// publish sends claimed events within half of their lease, so that no one else has
// them meanwhile, and settles them.
func (s *Store) publish(ctx context.Context, events []Event) error {
	receipts := make([]string, len(events))
	msgs := make([]*eventbus.Message, len(events))
	for i, e := range events {
		msg, err := decodeEvent(e.Data)
		if err != nil {
			return err
		}
		receipts[i], msgs[i] = e.Receipt, msg
	}
	// A batch that is begun is finished, also while the process is being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Lease/2)
	defer cancel()
	sendErr := eventbus.InOrder(s.bus).Publish(ctx, msgs...)

	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Lease/2)
	defer stop()
	done, left := sent(msgs, events, receipts, sendErr)
	if err := s.backend.Settle(ctx, done, left); err != nil {
		return err
	}
	if sendErr != nil {
		return fmt.Errorf("docstore: publish %d events: %w", len(msgs), sendErr)
	}
	return nil
}

// sent sorts receipts by whether their events reached the broker. Those after one
// that did not, in its stream, are sent again, behind it.
func sent(msgs []*eventbus.Message, events []Event, receipts []string, err error) (done, left []string) {
	if err == nil {
		return receipts, nil
	}
	var partial *eventbus.PublishError
	if !errors.As(err, &partial) {
		return nil, receipts
	}
	failed := make(map[int]bool, len(partial.Failed))
	for _, f := range partial.Failed {
		failed[f.Index] = true
	}
	broken := map[string]bool{}
	for i := range msgs {
		if failed[i] {
			broken[events[i].Stream] = true
		}
		if broken[events[i].Stream] {
			left = append(left, receipts[i])
		} else {
			done = append(done, receipts[i])
		}
	}
	return done, left
}
