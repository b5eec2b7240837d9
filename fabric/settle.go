package fabric

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// conflictRetries bounds how often a decision is made anew because what it was
// based on had changed meanwhile.
const conflictRetries = 4

// errBlocked says that an object of the baseline is stuck in its removal.
var errBlocked = errors.New("the object is being deleted")

var (
	ready = status{Phase: demeterevent.PhaseReady}
	gone  = status{Phase: demeterevent.PhaseGone}
)

// settler makes one project's objects be as its record says and reports what
// came of it. It returns errors only for what a later attempt may cure; what the
// cluster refuses becomes a status.
type settler struct {
	cluster  Cluster
	baseline Baseline
	takeover Takeover
	reserved func(namespace string) bool
	counts   *counters
	mine     *atomic.Int64 // writes about this project
}

// of returns the settler at work on one project.
func (s settler) of(e *entry) settler {
	s.mine = &e.writes
	return s
}

func (s settler) countWrite() {
	s.counts.writes.Add(1)
	s.mine.Add(1)
}

// namespace settles the project's namespace and baseline. fresh says that the
// project is new here, so that creating is tried before looking.
func (s settler) namespace(ctx context.Context, rec record, fresh bool) (status, error) {
	if rec.Removed {
		return s.removeNamespace(ctx, rec.Project)
	}
	if s.reserved(rec.Project.Namespace) {
		return reasoned(demeterevent.PhaseDegraded, demeterevent.CodeRefused, "the namespace's name is reserved"), nil
	}
	for range conflictRetries {
		st, made, err := s.placeNamespace(ctx, rec.Project, fresh)
		if fresh = false; again(err) {
			continue
		}
		if err != nil || st != ready {
			return refusal(st, err)
		}
		err = s.baselineObjects(ctx, rec.Project, made)
		if !again(err) && !errors.Is(err, ErrNotFound) {
			return refusal(ready, err)
		}
	}
	return status{}, fmt.Errorf("namespace %s: %w", rec.Project.Namespace, ErrConflict)
}

// placeNamespace makes the namespace exist with its labels, or says why not.
// made tells that it was made just now and holds nothing yet.
func (s settler) placeNamespace(ctx context.Context, p Project, fresh bool) (st status, made bool, err error) {
	want := s.baseline.namespace(p)
	if fresh {
		_, err := s.create(ctx, want)
		return ready, true, err
	}
	live, err := s.cluster.Get(ctx, want.Ref)
	if errors.Is(err, ErrNotFound) {
		_, err = s.create(ctx, want)
		return ready, true, err
	}
	if err != nil {
		return status{}, false, err
	}
	if st = decide(p, live, s.takeover); st != ready || matches(want, live) {
		return st, false, nil
	}
	want.UID = live.UID
	live, err = s.apply(ctx, want)
	if err != nil {
		return status{}, false, err
	}
	return decide(p, live, s.takeover), false, nil // an apply onto a terminating namespace succeeds
}

// decide says whether a namespace that exists may be this project's.
func decide(p Project, live Object, takeover Takeover) status {
	switch {
	case live.ManagedByFabric() && !p.owns(live):
		return reasoned(demeterevent.PhaseDegraded, demeterevent.CodeForeignNamespace,
			"the namespace belongs to project "+live.Labels[labelProjectID])
	case !live.ManagedByFabric() && takeover != TakeoverAdopt:
		return reasoned(demeterevent.PhaseDegraded, demeterevent.CodeForeignNamespace,
			"a namespace of this name exists that the fabric did not create")
	case live.Deleting:
		return terminating("the namespace is being deleted and is made again once it is gone", live)
	default:
		return ready
	}
}

func terminating(text string, live Object) status {
	if len(live.Blockers) > 0 {
		text += "; waiting for " + strings.Join(live.Blockers, ", ")
	}
	return reasoned(demeterevent.PhaseTerminating, demeterevent.CodeTerminating, text)
}

// baselineObjects settles what belongs inside the namespace, all at once.
func (s settler) baselineObjects(ctx context.Context, p Project, made bool) error {
	objects := s.baseline.objects(p)
	errs := make([]error, len(objects))
	var wait sync.WaitGroup
	for i, want := range objects {
		wait.Go(func() {
			if made {
				_, errs[i] = s.apply(ctx, want)
			} else {
				errs[i] = s.place(ctx, want)
			}
			if errs[i] != nil {
				errs[i] = fmt.Errorf("%s: %w", want.Ref, errs[i])
			}
		})
	}
	wait.Wait()
	return worst(errs)
}

// worst returns the error that decides what happens next: one that a later
// attempt may cure before one that the cluster will stand by.
func worst(errs []error) error {
	var out error
	for _, err := range errs {
		if _, retry := refusal(status{}, err); retry != nil {
			return err
		}
		if out == nil {
			out = err
		}
	}
	return out
}

// place makes an object inside a project's namespace be as wanted.
func (s settler) place(ctx context.Context, want Object) error {
	live, err := s.cluster.Get(ctx, want.Ref)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return err
	case live.Deleting:
		return fmt.Errorf("%w: waiting for %s", errBlocked, strings.Join(live.Blockers, ", "))
	case matches(want, live):
		return nil
	case !contains(live.Fields["roleRef"], want.Fields["roleRef"], false): // cannot be changed
		if err := s.delete(ctx, live); err != nil {
			return err
		}
	}
	_, err = s.apply(ctx, want)
	return err
}

// port settles one port.
func (s settler) port(ctx context.Context, rec portRecord) (status, error) {
	if rec.Removed {
		return s.remove(ctx, rec.Port.ref(), Object.ManagedByFabric)
	}
	want, err := rec.Port.object()
	if err != nil {
		return refusal(status{}, fmt.Errorf("%w: %w", ErrInvalid, err))
	}
	live, err := s.cluster.Get(ctx, want.Ref)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return refusal(status{}, err)
	case live.Deleting:
		return terminating("the port is being deleted and is made again once it is gone", live), nil
	case matches(want, live):
		return ready, nil
	}
	_, err = s.apply(ctx, want)
	return refusal(ready, err)
}

// removeNamespace deletes the project's namespace; another's of that name stays.
func (s settler) removeNamespace(ctx context.Context, p Project) (status, error) {
	return s.remove(ctx, p.ref(), p.owns)
}

// remove deletes an object that is ours and tells whether it has gone.
func (s settler) remove(ctx context.Context, ref Ref, ours func(Object) bool) (status, error) {
	asked := false
	for range conflictRetries {
		live, err := s.cluster.Get(ctx, ref)
		switch {
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrNoKind), err == nil && !ours(live):
			return gone, nil
		case err != nil:
			return refusal(status{}, err)
		case live.Deleting || asked:
			return terminating("the removal is under way", live), nil
		}
		err = s.delete(ctx, live)
		if asked = err == nil; err != nil && !again(err) && !errors.Is(err, ErrNotFound) {
			return refusal(status{}, err)
		}
	}
	return status{}, fmt.Errorf("%s: %w", ref, ErrConflict)
}

func (s settler) create(ctx context.Context, obj Object) (Object, error) {
	s.countWrite()
	return s.cluster.Create(ctx, obj)
}

func (s settler) apply(ctx context.Context, obj Object) (Object, error) {
	s.countWrite()
	return s.cluster.Apply(ctx, obj)
}

func (s settler) delete(ctx context.Context, obj Object) error {
	s.countWrite()
	return s.cluster.Delete(ctx, obj.Ref, obj.UID)
}
