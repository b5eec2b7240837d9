package franzbus

import (
	"context"
	"fmt"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

// topic is one subscription. Its partitions appear with their first record and
// go when they are revoked.
type topic struct {
	sub    *subscriber
	name   string
	handle eventbus.RecordHandler
	ctx    context.Context //nolint:containedctx // parent of the handlers' contexts
	cancel context.CancelCauseFunc

	// Guarded by sub.mu.
	parts    map[int32]*partition
	stopping bool

	once    sync.Once
	stopErr error
}

// SubscribeRecords implements eventbus.RecordSubscriber.
func (s *subscriber) SubscribeRecords(
	ctx context.Context, name string, handle eventbus.RecordHandler,
) (func(context.Context) error, error) {
	t, err := s.subscribe(ctx, name, handle)
	if err != nil {
		return nil, err
	}
	return t.stop, nil
}

func (s *subscriber) subscribe(ctx context.Context, name string, handle eventbus.RecordHandler) (*topic, error) {
	if err := s.transport.ensure(s.client, name)[name]; err != nil {
		return nil, err
	}
	t := &topic{sub: s, name: name, handle: handle, parts: make(map[int32]*partition)}
	t.ctx, t.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, eventbus.ErrClosed
	}
	if s.topics[name] != nil {
		return nil, fmt.Errorf("%w: topic %q", eventbus.ErrAlreadyRegistered, name)
	}
	s.topics[name] = t
	s.client.AddConsumeTopics(name)
	return t, nil
}

// stop drains the topic, commits, and leaves it. Further calls wait for the
// first and return the same.
func (t *topic) stop(ctx context.Context) error {
	t.once.Do(func() {
		s := t.sub
		s.client.PauseFetchTopics(t.name)
		s.mu.Lock()
		t.stopping = true
		parts := s.partsLocked(t)
		s.mu.Unlock()
		t.stopErr = drainAll(ctx, parts)
		t.cancel(eventbus.ErrClosed)
		s.commitFinally(ctx, never)
		s.mu.Lock()
		clear(t.parts)
		leave := !s.closed
		s.mu.Unlock()
		if leave {
			s.client.PurgeTopicsFromConsuming(t.name)
			s.client.ResumeFetchTopics(t.name)
		}
		s.mu.Lock()
		delete(s.topics, t.name)
		s.mu.Unlock()
	})
	return t.stopErr
}

func drainAll(ctx context.Context, parts []*partition) error {
	var wg sync.WaitGroup
	errs := make([]error, len(parts))
	for i, p := range parts {
		wg.Go(func() { errs[i] = p.drain(ctx) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("franzbus: drain cut short: %w", err)
		}
	}
	return nil
}

// Subscribe implements message.Subscriber. Messages of different keys may be
// in flight at the same time, those of one key never.
func (s *subscriber) Subscribe(ctx context.Context, name string) (<-chan *message.Message, error) {
	out := make(chan *message.Message)
	var handing sync.WaitGroup // handlers that may still send to out
	t, err := s.subscribe(ctx, name, handOver(ctx, s.closing, out, &handing))
	if err != nil {
		return nil, err
	}
	s.channels.Go(func() {
		select {
		case <-ctx.Done():
		case <-s.closing:
		}
		drain, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
		defer cancel()
		if err := t.stop(drain); err != nil {
			s.cfg.Logger.Warn("franzbus: subscription ended", "topic", name, "error", err)
		}
		handing.Wait()
		close(out)
	})
	return out, nil
}
