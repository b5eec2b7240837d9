package fabric

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ledger keeps the records: in memory to read, in the cluster's ConfigMaps to
// last. One daemon per cluster writes them; every write carries the resource
// version it builds on, so a second daemon's would fail rather than be lost.
type ledger struct {
	cluster   Cluster
	namespace string
	log       *slog.Logger

	mu          sync.Mutex
	projects    map[string]*entry
	byNamespace map[string]string // namespace → project id
}

// entry is one project's place in the ledger. Work on a project holds mu; the
// record may be read at any time.
type entry struct {
	mu  sync.Mutex
	rec atomic.Pointer[record]

	// Under mu:
	object   Object            // the stored ConfigMap's identity; zero before the first save
	told     map[string]status // last reported, by port id; "" is the namespace
	attempts int               // failed repairs in a row
	repaired time.Time         // when a repair wrote last
	writes   atomic.Int64      // to the cluster, the record aside

	// quarrel counts repairs in short succession: somebody else keeps changing
	// what the daemon repairs.
	quarrel atomic.Int64

	strayMu sync.Mutex
	strays  map[Ref]struct{} // objects of ours that the record does not want
}

// stray notes an object that the next repair removes.
func (e *entry) stray(ref Ref) {
	e.strayMu.Lock()
	defer e.strayMu.Unlock()
	e.strays[ref] = struct{}{}
}

// noteRepair counts a repair that wrote something.
func (e *entry) noteRepair(now time.Time, calm time.Duration) {
	if now.Sub(e.repaired) > calm {
		e.quarrel.Store(0)
	}
	e.quarrel.Add(1)
	e.repaired = now
}

// takeStrays returns the noted objects and forgets them.
func (e *entry) takeStrays() []Ref {
	e.strayMu.Lock()
	defer e.strayMu.Unlock()
	out := slices.Collect(maps.Keys(e.strays))
	clear(e.strays)
	return out
}

func newLedger(cluster Cluster, namespace string, log *slog.Logger) *ledger {
	return &ledger{
		cluster: cluster, namespace: namespace, log: log,
		projects: map[string]*entry{}, byNamespace: map[string]string{},
	}
}

// load reads every record. One that cannot be parsed is logged and left to be
// replaced by the project's next event.
func (l *ledger) load(ctx context.Context) error {
	for obj, err := range l.cluster.List(ctx, KindConfigMap, l.namespace) {
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		if _, ok := obj.Labels[labelRecord]; !ok {
			continue
		}
		rec, err := parseRecord(obj)
		if err != nil {
			l.log.ErrorContext(ctx, "record not readable", "error", err)
			continue
		}
		e := l.entry(rec.Project.ID)
		e.object = identity(obj)
		l.show(e, rec)
	}
	return nil
}

// identity keeps of an object what a later write builds on.
func identity(obj Object) Object {
	return Object{Ref: obj.Ref, UID: obj.UID, ResourceVersion: obj.ResourceVersion}
}

// prepare makes the records' namespace when it is absent.
func (l *ledger) prepare(ctx context.Context) error {
	ref := Ref{Kind: KindNamespace, Name: l.namespace}
	_, err := l.cluster.Get(ctx, ref)
	if errors.Is(err, ErrNotFound) {
		labels := map[string]string{labelManagedBy: managedByFabric}
		_, err = l.cluster.Create(ctx, Object{Ref: ref, Labels: labels})
	}
	if err != nil && !errors.Is(err, ErrExists) {
		return fmt.Errorf("prepare namespace %s: %w", l.namespace, err)
	}
	return nil
}

// entry returns the project's entry, a new one when it has none.
func (l *ledger) entry(id string) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.projects[id]
	if !ok {
		e = &entry{told: map[string]status{}, strays: map[Ref]struct{}{}}
		l.projects[id] = e
	}
	return e
}

// lock returns the project's entry with its lock held.
func (l *ledger) lock(id string) *entry {
	for {
		e := l.entry(id)
		e.mu.Lock()
		if l.entry(id) == e { // not forgotten while this waited
			return e
		}
		e.mu.Unlock()
	}
}

// entries returns every entry that has a record.
func (l *ledger) entries() map[string]*entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[string]*entry, len(l.projects))
	for id, e := range l.projects {
		if e.rec.Load() != nil {
			out[id] = e
		}
	}
	return out
}

// owner returns the id of the project that a namespace was recorded for.
func (l *ledger) owner(namespace string) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, ok := l.byNamespace[namespace]
	return id, ok
}

// save stores the record durably, then shows it. The caller holds e.mu.
func (l *ledger) save(ctx context.Context, e *entry, rec record) error {
	obj, err := rec.object(l.namespace)
	if err != nil {
		return err
	}
	write := l.cluster.Apply
	if e.object.UID == "" {
		write = l.cluster.Create
	} else {
		obj.UID, obj.ResourceVersion = e.object.UID, e.object.ResourceVersion
	}
	stored, err := write(ctx, obj)
	if errors.Is(err, ErrExists) || errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		return errors.Join(fmt.Errorf("record of project %s: %w", rec.Project.ID, err), l.reload(ctx, e, obj.Ref))
	}
	if err != nil {
		return fmt.Errorf("record of project %s: %w", rec.Project.ID, err)
	}
	e.object = identity(stored)
	l.show(e, rec)
	return nil
}

// reload takes over what another writer stored, so that a retry decides anew.
func (l *ledger) reload(ctx context.Context, e *entry, ref Ref) error {
	obj, err := l.cluster.Get(ctx, ref)
	if errors.Is(err, ErrNotFound) {
		e.object = Object{}
		return l.prepare(ctx)
	}
	if err != nil {
		return err
	}
	e.object = identity(obj)
	rec, err := parseRecord(obj)
	if err != nil {
		l.log.ErrorContext(ctx, "record not readable, will be replaced", "error", err)
		return nil
	}
	l.show(e, rec)
	return nil
}

// forget drops a record whose project has been gone for long enough.
func (l *ledger) forget(ctx context.Context, id string, e *entry) error {
	if err := l.cluster.Delete(ctx, e.object.Ref, e.object.UID); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("forget project %s: %w", id, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if ns := e.rec.Load().Project.Namespace; l.byNamespace[ns] == id {
		delete(l.byNamespace, ns)
	}
	delete(l.projects, id)
	return nil
}

func (l *ledger) show(e *entry, rec record) {
	e.rec.Store(&rec)
	l.mu.Lock()
	defer l.mu.Unlock()
	ns, id := rec.Project.Namespace, rec.Project.ID
	if holder, taken := l.byNamespace[ns]; !taken || holder == id || l.projects[holder].rec.Load().gone() {
		l.byNamespace[ns] = id
	}
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func recordName(projectID string) string {
	if nameForm.MatchString(projectID) {
		return "project-" + projectID
	}
	sum := sha256.Sum256([]byte(projectID))
	return "project-x" + hex.EncodeToString(sum[:16])
}
