package management_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/portschema"
	"github.com/hexplane/hexplane/management"
)

// pausedState holds its transactions until it is let go.
type pausedState struct {
	management.StateStore

	let chan struct{}
}

func (s pausedState) Update(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	<-s.let
	return s.StateStore.Update(ctx, fn)
}

// TestCreationsTogetherEndEachByItself lets creations queue behind a first one,
// so that they are one batch: repeats, conflicts, quotas and unknown accounts are
// told apart as if each had come alone.
func TestCreationsTogetherEndEachByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *management.Config) { c.ProjectsPerAccount = 5 })
		a, b := w.account(t, "a").ID, w.account(t, "b").ID
		paused := pausedState{w.state, make(chan struct{})}
		svc := management.New(paused, w.demeter, portschema.New(), w.cfg)
		type call struct {
			account, name, key string
			want               error
		}
		calls := []call{
			{a, "first", "", nil},
			{a, "shop", "k", nil},
			{a, "shop", "k", nil},
			{a, "other", "k", management.ErrInvalid},
			{a, "Shop", "l", management.ErrExists},
			{"none", "shop", "", management.ErrNotFound},
			{a, "shop", "k", nil},
		}
		for i := range 6 {
			c := call{account: b, name: fmt.Sprint("p", i)}
			if i >= 4 {
				c.want = management.ErrQuota
			}
			calls = append(calls, c)
		}
		ids := make([]string, len(calls))
		var callers sync.WaitGroup
		for i, c := range calls {
			callers.Go(func() {
				p, err := svc.CreateProject(operator(t.Context()), management.NewProject{
					AccountID: c.account, Name: c.name, IdempotencyKey: c.key,
				})
				require.ErrorIs(t, err, c.want, "%d %v", i, c)
				ids[i] = p.ID
			})
			synctest.Wait()
		}
		close(paused.let)
		callers.Wait()
		require.Equal(t, ids[1], ids[2])
		require.Equal(t, ids[1], ids[6])
		requireAgreement(t, w, true)
	})
}

// brokenDemeter fails on projects of a given name.
type brokenDemeter struct {
	management.DemeterStore

	name string
}

func (d brokenDemeter) CreateProjects(ctx context.Context, projects ...management.Project) (map[string]error, error) {
	for _, p := range projects {
		if p.Name == d.name {
			return nil, errors.New("cannot take this")
		}
	}
	return d.DemeterStore.CreateProjects(ctx, projects...)
}

// TestACreationThatFailsDoesNotFailItsBatch: what the store cannot take fails
// alone.
func TestACreationThatFailsDoesNotFailItsBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		owner := w.account(t, "a").ID
		paused := pausedState{w.state, make(chan struct{})}
		svc := management.New(paused, brokenDemeter{w.demeter, "poison"}, portschema.New(), w.cfg)
		var callers sync.WaitGroup
		for _, name := range []string{"first", "second", "poison", "third"} {
			callers.Go(func() {
				_, err := svc.CreateProject(operator(t.Context()), management.NewProject{AccountID: owner, Name: name})
				require.Equal(t, name == "poison", errors.Is(err, management.ErrUnavailable), err)
			})
			synctest.Wait()
		}
		close(paused.let)
		callers.Wait()
		require.NoError(t, w.Recover(t.Context()))
		requireAgreement(t, w, true)
	})
}

// TestReportsTogetherKeepTheirOrder: of reports about one namespace the newest
// counts, also within a batch.
func TestReportsTogetherKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.cluster(t, "paris", nil)
		p := w.project(t, w.account(t, "a").ID, "shop")
		paused := pausedState{w.state, make(chan struct{})}
		svc := management.New(paused, w.demeter, portschema.New(), w.cfg)
		var callers sync.WaitGroup
		for _, said := range []struct {
			phase demeterevent.Phase
			after time.Duration
		}{
			{demeterevent.PhasePending, time.Second},
			{demeterevent.PhaseApplying, 2 * time.Second},
			{demeterevent.PhaseReady, 4 * time.Second},
			{demeterevent.PhaseDegraded, 3 * time.Second},
		} {
			callers.Go(func() {
				require.NoError(t, svc.ObserveNamespace(t.Context(), demeterevent.NamespaceState{
					ProjectID: p.ID, ClusterID: "paris", Namespace: p.Namespace, Phase: said.phase,
					ObservedGeneration: p.Generation, ObservedAt: w.clock.Now().Add(said.after),
				}))
			})
			synctest.Wait()
		}
		close(paused.let)
		callers.Wait()
		view, err := w.GetProject(operator(t.Context()), p.ID)
		require.NoError(t, err)
		require.Equal(t, demeterevent.PhaseReady, view.States["paris"].Phase)
	})
}
