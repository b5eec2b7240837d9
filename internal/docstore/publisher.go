package docstore

import (
	"context"
	"errors"
	"time"

	"github.com/hexplane/hexplane/eventbus"
)

// Publisher returns a publisher for messages that are kept elsewhere, such as a
// task's requests. It publishes behind the outbox: first every event that was
// written before the call, whoever publishes it, then the messages. So a message
// that tells what was read from a document never overtakes an event that told of an
// older version of it.
func (s *Store) Publisher() eventbus.Publisher { return behind{s} }

type behind struct{ store *Store }

// Publish implements eventbus.Publisher.
func (b behind) Publish(ctx context.Context, msgs ...*eventbus.Message) error {
	if err := b.store.catchUp(ctx); err != nil {
		if others, ok := errors.AsType[*eventbus.PublishError](err); ok {
			// Its indexes are those of the events, and what is wrong with one of
			// these is nothing against the messages: callers must not meet it.
			return errors.New("docstore: events to go out before are not published: " + others.Error())
		}
		return err
	}
	return b.store.bus.Publish(ctx, msgs...)
}

// catchUp waits until every event that was written before the call is published. It
// publishes itself what no one else has claimed.
func (s *Store) catchUp(ctx context.Context) error {
	oldest, upTo, err := s.backend.Waiting(ctx)
	for wait := time.Millisecond; err == nil && oldest != 0 && oldest <= upTo; wait = min(2*wait, 50*time.Millisecond) {
		if err := s.Flush(ctx); err != nil {
			return err
		}
		if oldest, _, err = s.backend.Waiting(ctx); err != nil || oldest == 0 || oldest > upTo {
			break
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	return err
}
