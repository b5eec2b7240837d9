package franzbus

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

var (
	errLost   = errors.New("franzbus: partition lost to another member")
	errNacked = errors.New("franzbus: message was not acknowledged")
)

// parts returns the state of the named partitions, as far as there is any.
func (s *subscriber) parts(named map[string][]int32) []*partition {
	s.mu.Lock()
	defer s.mu.Unlock()
	var parts []*partition
	for name, ids := range named {
		t := s.topics[name]
		if t == nil {
			continue
		}
		for _, id := range ids {
			if p := t.parts[id]; p != nil {
				parts = append(parts, p)
			}
		}
	}
	return parts
}

// forget removes partitions that are ours no longer; should they come back,
// they must not be paused.
func (s *subscriber) forget(gone map[string][]int32) {
	s.client.ResumeFetchPartitions(gone)
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, ids := range gone {
		if t := s.topics[name]; t != nil {
			for _, id := range ids {
				delete(t.parts, id)
			}
		}
		s.assigned[name] = slices.DeleteFunc(s.assigned[name], func(id int32) bool {
			return slices.Contains(ids, id)
		})
	}
}

// handOver is the handler behind a Watermill channel. ended says that nobody
// may be reading any more; what was handed over is waited for nonetheless.
func handOver(ended context.Context, closing <-chan struct{}, out chan<- *message.Message, handing *sync.WaitGroup) eventbus.RecordHandler {
	return func(ctx context.Context, rec *eventbus.Record) error {
		handing.Add(1)
		defer handing.Done()
		msgCtx, cancel := context.WithCancel(ctx)
		defer cancel()
		msg := rec.Watermill(msgCtx)
		select {
		case out <- msg:
		case <-ended.Done():
			return context.Cause(ended)
		case <-closing:
			return eventbus.ErrClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		select {
		case <-msg.Acked():
			return nil
		case <-msg.Nacked():
			return errNacked
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
