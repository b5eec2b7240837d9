// Package synctask is what the tasks of a full sync have in common, whichever
// service runs them: requests that are named after the configuration they carry,
// and what becomes of their replies.
//
// A request carries a configuration as it was when its task looked. Its name
// holds the configuration's digest, so the reply tells what the backend has, and
// the service can look again: if the configuration is another one by now, the
// request may have overtaken the events that told of it, and the service tells
// what is true once more.
package synctask

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Requests is what a step yields.
type Requests = iter.Seq2[asynctask.Request, error]

// Digest is a short fingerprint of a value's JSON: equal values, equal digests.
func Digest(value any) (string, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("synctask: digest: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8]), nil
}

// Same tells whether two values have the same JSON.
func Same(a, b any) (bool, error) {
	da, err := Digest(a)
	if err != nil {
		return false, err
	}
	db, err := Digest(b)
	return da == db, err
}

// Versioned is the request with the digest of its payload added to its name.
// When a crash makes a step yield its requests again and the configuration
// changed meanwhile, that is another request.
func Versioned(r asynctask.Request) (asynctask.Request, error) {
	digest, err := Digest(r.Payload)
	r.Name += "@" + digest
	return r, err
}

// Split takes the name and the digest that Versioned joined from a request's id.
func Split(requestID string) (name, digest string, ok bool) {
	_, _, versioned, ok := asynctask.SplitRequestID(requestID)
	at := strings.LastIndexByte(versioned, '@')
	if !ok || at < 0 {
		return "", "", false
	}
	return versioned[:at], versioned[at+1:], true
}

// Settle tells the backend what is true now, given the digest of the configuration
// that it has. Now returns the present digest and the event that tells of it; no
// event means that there is nothing to tell. What changes while Settle tells is told
// again: its own event may have been overtaken by Settle's.
func Settle(ctx context.Context, bus eventbus.Publisher, digest string,
	now func(context.Context) (current string, event *eventbus.Message, err error),
) error {
	for {
		current, event, err := now(ctx)
		if err != nil || event == nil || current == digest {
			return err
		}
		if err := bus.Publish(ctx, event); err != nil {
			return fmt.Errorf("synctask: settle %s: %w", event.EventType, err)
		}
		digest = current
	}
}

// Payload decodes what a task was started with.
func Payload[T any](task asynctask.Task) (T, error) {
	var payload T
	if err := json.Unmarshal(task.Payload, &payload); err != nil {
		return payload, fmt.Errorf("synctask: payload of task %s: %w", task.ID, err)
	}
	return payload, nil
}

// Fail is a stream that fails at once.
func Fail(err error) Requests {
	return func(yield func(asynctask.Request, error) bool) { yield(asynctask.Request{}, err) }
}

// Each is a stream of versioned requests.
func Each(requests ...asynctask.Request) Requests {
	return func(yield func(asynctask.Request, error) bool) {
		for _, r := range requests {
			if !yield(Versioned(r)) {
				return
			}
		}
	}
}

// Dispatcher takes replies; *asynctask.Manager implements it.
type Dispatcher interface {
	DispatchEvent(ctx context.Context, msg *eventbus.Message) (asynctask.Result, error)
}

// Dispatch hands a reply to its task. One that comes after its task has ended, or
// that no task asked for, is counted by the tasks and is otherwise nothing.
func Dispatch(ctx context.Context, tasks Dispatcher, msg *eventbus.Message) error {
	_, err := tasks.DispatchEvent(ctx, msg)
	switch {
	case errors.Is(err, asynctask.ErrLateReply), errors.Is(err, asynctask.ErrUnknownRequest):
		return nil
	case errors.Is(err, asynctask.ErrBadReply), errors.Is(err, asynctask.ErrWrongEventType):
		return eventbus.Permanent(err)
	}
	return err
}

// Valid routes an event type of m to a callback that wants the whole message,
// once its payload is known to be a valid T.
func Valid[T any](m *eventbus.Mux, eventType string, next eventbus.Callback) error {
	return eventbus.Handle(m, eventType, func(ctx context.Context, ev eventbus.Event[T]) error {
		return next.Notify(ctx, ev.Message)
	})
}

// Answered routes a reply event type of m to a use case that wants the reply and
// the message it came in.
func Answered(m *eventbus.Mux, eventType string,
	do func(context.Context, rsevent.Reply, *eventbus.Message) error,
) error {
	return eventbus.Handle(m, eventType, func(ctx context.Context, ev eventbus.Event[rsevent.Reply]) error {
		return do(ctx, ev.Data, ev.Message)
	})
}
