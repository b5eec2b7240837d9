package management

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"sync"
	"time"
)

// WatchProject yields the project as it is, then again whenever it or its state
// in a cluster has changed. States that come and go faster than they are read
// may be skipped, the last is not. The sequence ends with an error: ErrNotFound
// once the project is gone, or that of ctx.
func (s *Service) WatchProject(ctx context.Context, id string) iter.Seq2[ProjectView, error] {
	return func(yield func(ProjectView, error) bool) {
		woken, stop := s.changes.subscribe(id)
		defer stop()
		tick := time.NewTicker(s.cfg.WatchEvery)
		defer tick.Stop()
		var last ProjectView
		for {
			view, err := s.GetProject(ctx, id)
			transient := errors.Is(err, ErrUnavailable) && ctx.Err() == nil
			if err != nil && !transient {
				yield(ProjectView{}, err)
				return
			}
			if err == nil && !sameView(view, last) {
				if !yield(view, nil) {
					return
				}
				last = view
			}
			select {
			case <-ctx.Done():
				yield(ProjectView{}, ctx.Err())
				return
			case <-woken:
			case <-tick.C: // another process may have changed it
			}
		}
	}
}

// sameView ignores what only the service itself cares about.
func sameView(a, b ProjectView) bool {
	a.CheckAt, b.CheckAt = noTime, noTime
	a.Sequence, b.Sequence = 0, 0
	return reflect.DeepEqual(a, b)
}

// changes wakes the watches of this process. A wake-up carries nothing: the
// watch reads what is there.
type changes struct {
	mu       sync.Mutex
	watchers map[string]map[chan struct{}]struct{}
}

func newChanges() *changes {
	return &changes{watchers: make(map[string]map[chan struct{}]struct{})}
}

func (c *changes) subscribe(id string) (<-chan struct{}, func()) {
	woken := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watchers[id] == nil {
		c.watchers[id] = make(map[chan struct{}]struct{})
	}
	c.watchers[id][woken] = struct{}{}
	return woken, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers[id], woken)
		if len(c.watchers[id]) == 0 {
			delete(c.watchers, id)
		}
	}
}

func (c *changes) announce(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wake(c.watchers[id])
}

func (c *changes) announceAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, watchers := range c.watchers {
		wake(watchers)
	}
}

func wake(watchers map[chan struct{}]struct{}) {
	for w := range watchers {
		select {
		case w <- struct{}{}:
		default: // already told
		}
	}
}
