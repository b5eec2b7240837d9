package memcluster

import (
	"context"
	"fmt"
	"sync"

	"github.com/hexplane/hexplane/fabric"
)

// watcher holds the changes that one watch has not yet told.
type watcher struct {
	kind fabric.Kind

	mu      sync.Mutex
	pending []fabric.Change
	wake    chan struct{}
}

func (w *watcher) push(change fabric.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, change)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watcher) take() []fabric.Change {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.pending
	w.pending = nil
	return out
}

// Watch implements fabric.Cluster.
func (c *Cluster) Watch(ctx context.Context, kind fabric.Kind, notify func(fabric.Change)) error {
	unlock, err := c.enter(ctx, "watch", fabric.Ref{Kind: kind})
	if err != nil {
		return err
	}
	w := &watcher{kind: kind, wake: make(chan struct{}, 1)}
	for _, obj := range c.labeled(kind, "") {
		w.pending = append(w.pending, fabric.Change{Object: obj})
	}
	w.push(fabric.Change{Synced: true})
	c.watchers[w] = struct{}{}
	unlock()

	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers, w)
	}()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("watch %s: %w", kind.Name, context.Cause(ctx))
		case <-w.wake:
			for _, change := range w.take() {
				notify(change)
			}
		}
	}
}

// tell queues a change for every watch that is about it. As in a cluster, an
// object that loses the fabric's label is gone to a watch of labeled ones.
func (c *Cluster) tell(before, after fabric.Object, removed bool) {
	gone := removed || before.ManagedByFabric() && !after.ManagedByFabric()
	if !before.ManagedByFabric() && !after.ManagedByFabric() {
		return
	}
	for w := range c.watchers {
		if w.kind == after.Kind {
			w.push(fabric.Change{Object: after.Clone(), Gone: gone})
		}
	}
}
