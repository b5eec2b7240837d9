package fabric

import (
	"context"
	"errors"
	"sync"
)

// watchList is the set of kinds to watch. It only grows: port kinds join it when
// the first port of theirs is seen.
type watchList struct {
	mu    sync.Mutex
	known map[Kind]struct{}
	added chan Kind
}

func newWatchList() *watchList {
	return &watchList{known: map[Kind]struct{}{}, added: make(chan Kind, 64)}
}

// add adds a kind. When the channel is full the kind is added at its next use.
func (w *watchList) add(kind Kind) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.known[kind]; ok {
		return
	}
	select {
	case w.added <- kind:
		w.known[kind] = struct{}{}
	default:
	}
}

// watch watches every kind of the list until the context ends.
func (d *Daemon) watch(ctx context.Context) {
	kinds := []Kind{KindNamespace, KindResourceQuota, KindLimitRange, KindNetworkPolicy, KindRoleBinding}
	for _, kind := range kinds {
		d.watched.add(kind)
	}
	var wait sync.WaitGroup
	defer wait.Wait()
	for {
		select {
		case kind := <-d.watched.added:
			wait.Go(func() { d.watchKind(ctx, kind) })
		case <-ctx.Done():
			return
		}
	}
}

// watchKind watches a kind, again whenever the watch breaks. A kind that the
// cluster does not serve is asked for again every Recheck.
func (d *Daemon) watchKind(ctx context.Context, kind Kind) {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		v := &viewer{daemon: d, kind: kind, seen: map[Ref]struct{}{}}
		err := d.cluster.Watch(ctx, kind, v.notify)
		if v.synced {
			attempt = 1
		}
		pause := d.cfg.pause(attempt)
		if errors.Is(err, ErrNoKind) {
			pause = d.cfg.Recheck
		} else if ctx.Err() == nil {
			d.log.WarnContext(ctx, "watch broke, will be started again", "kind", kind.Name, "error", err)
		}
		if wait(ctx, pause) != nil {
			return
		}
	}
}

// viewer compares what one watch tells with what the records want, and queues
// the projects that differ.
type viewer struct {
	daemon *Daemon
	kind   Kind
	seen   map[Ref]struct{} // until synced
	synced bool
}

func (v *viewer) notify(c Change) {
	if c.Synced {
		v.missing()
		v.seen, v.synced = nil, true
		return
	}
	ref := c.Object.Ref
	if !v.synced && !c.Gone {
		v.seen[ref] = struct{}{}
	}
	namespace := ref.Namespace
	if ref.Kind == KindNamespace {
		namespace = ref.Name
	}
	id, ok := v.daemon.ledger.owner(namespace)
	if !ok {
		return
	}
	e := v.daemon.ledger.entry(id)
	if v.differs(e, c) {
		v.daemon.queue.add(id, v.daemon.patience(e))
	}
}

// differs tells whether the change leaves the object other than the record wants.
func (v *viewer) differs(e *entry, c Change) bool {
	rec := e.rec.Load()
	if rec == nil {
		return false
	}
	want, wanted := rec.wanted(v.daemon.cfg.Baseline, c.Object.Ref)
	switch {
	case wanted:
		return c.Gone || c.Object.Deleting || !matches(want, c.Object)
	case c.Object.Ref == rec.Project.ref():
		return rec.Removed && !rec.gone()
	case c.Gone:
		return !rec.settled()
	case rec.absent() || c.Object.Deleting:
		return false
	default:
		e.stray(c.Object.Ref)
		return true
	}
}

// missing queues the projects that want an object of the kind which the watch,
// now that it has told of everything, did not name.
func (v *viewer) missing() {
	for id, e := range v.daemon.ledger.entries() {
		for _, ref := range e.rec.Load().refs(v.daemon.cfg.Baseline, v.kind) {
			if _, ok := v.seen[ref]; !ok {
				v.daemon.queue.add(id, 0)
				break
			}
		}
	}
}
