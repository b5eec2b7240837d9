package eventbus

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// LaterError is what a RecordHandler returns for a record that shall be handed
// out again, the same *Record, at a given time: it waits for its retry, or for
// its topic to go on. Until then the record holds up its own key only, counts as
// not started, and is given back when the partition is drained.
type LaterError struct{ At time.Time }

func (e *LaterError) Error() string {
	return fmt.Sprintf("eventbus: not before %s", e.At.UTC().Format(timestampLayout))
}

func later(d time.Duration) error { return &LaterError{At: time.Now().Add(d)} }

type drainingKey struct{}

// WithDraining returns a context that tells the façade when a subscriber wants
// a message back that is only waiting: draining is closed when its partition is
// being revoked or its subscription ends. Subscribers that offer nothing but
// Watermill's interface put it into their messages' contexts.
func WithDraining(ctx context.Context, draining <-chan struct{}) context.Context {
	return context.WithValue(ctx, drainingKey{}, draining)
}

// waiting turns a handler that may answer with LaterError into one that waits,
// for subscribers that cannot hand a record out later.
func waiting(stopping <-chan struct{}, handle RecordHandler) RecordHandler {
	return func(ctx context.Context, rec *Record) error {
		draining, _ := ctx.Value(drainingKey{}).(<-chan struct{})
		for {
			err := handle(ctx, rec)
			var l *LaterError
			if !errors.As(err, &l) {
				return err
			}
			timer := time.NewTimer(time.Until(l.At))
			select {
			case <-timer.C:
				continue
			case <-draining:
			case <-stopping:
			case <-ctx.Done():
			}
			timer.Stop()
			return err
		}
	}
}
