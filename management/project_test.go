package management_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/management"
)

func TestCreateProjectRefuses(t *testing.T) {
	w := newWorld(t, func(c *management.Config) { c.ProjectsPerAccount = 3 })
	a := w.account(t, "acme")
	w.project(t, a.ID, "shop")
	cases := map[string]struct {
		req   management.NewProject
		kind  error
		field string
	}{
		"no name":         {management.NewProject{AccountID: a.ID}, management.ErrInvalid, "name"},
		"long name":       {management.NewProject{AccountID: a.ID, Name: strings.Repeat("x", 64)}, management.ErrInvalid, "name"},
		"duplicate":       {management.NewProject{AccountID: a.ID, Name: "Shop"}, management.ErrExists, "name"},
		"unknown account": {management.NewProject{AccountID: "none", Name: "x"}, management.ErrNotFound, "account_id"},
		"bad selector": {
			management.NewProject{AccountID: a.ID, Name: "x", Selector: map[string]string{"": "y"}},
			management.ErrInvalid, "placement",
		},
	}
	before := len(w.events(t))
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := w.CreateProject(operator(t.Context()), tc.req)
			require.ErrorIs(t, err, tc.kind)
			require.Equal(t, []string{tc.field}, fieldsOf(err))
		})
	}
	w.project(t, a.ID, "third")
	_, err := w.CreateProject(operator(t.Context()), management.NewProject{AccountID: a.ID, Name: "fourth"})
	require.ErrorIs(t, err, management.ErrQuota)
	require.Len(t, w.events(t), before+1, "refusals send nothing")
	_, projects := w.demeter.Counts()
	require.Equal(t, 3, projects, "refusals write nothing")
}

func TestNamespacesAreReadableDNSLabels(t *testing.T) {
	w := newWorld(t)
	a := w.account(t, "acme")
	cases := map[string]string{
		"My Shop 2.0":           `^prj-my-shop-2-0-[a-z2-7]{6}$`,
		"x":                     `^prj-x-[a-z2-7]{6}$`,
		strings.Repeat("a", 63): `^prj-a{52}-[a-z2-7]{6}$`,
	}
	for name, want := range cases {
		ns := w.project(t, a.ID, name).Namespace
		require.Regexp(t, want, ns)
		require.LessOrEqual(t, len(ns), 63)
	}
}

func TestDeleteRestoreAndPurge(t *testing.T) {
	w := newWorld(t)
	w.cluster(t, "paris", nil)
	a := w.account(t, "acme")
	p := w.project(t, a.ID, "shop")
	ctx := as(t.Context(), management.RoleAdmin, a.ID)

	deleted, err := w.DeleteProject(ctx, p.ID, false)
	require.NoError(t, err)
	require.Equal(t, w.clock.Now().Add(72*time.Hour), deleted.PurgeAt)
	again, err := w.DeleteProject(ctx, p.ID, false)
	require.NoError(t, err)
	require.Equal(t, deleted, again, "deleting twice changes nothing")
	live, err := w.ListProjects(ctx, a.ID, false, management.Page{})
	require.NoError(t, err)
	require.Len(t, live, 1, "only the default project")
	require.NotContains(t, types(w.events(t)), demeterevent.ProjectDeleted, "clusters keep it in the restore window")

	restored, err := w.RestoreProject(ctx, p.ID)
	require.NoError(t, err)
	require.Zero(t, restored.DeletedAt)
	_, err = w.DeleteProject(ctx, p.ID, false)
	require.NoError(t, err)

	w.clock.Advance(73 * time.Hour)
	w.beat(t, "paris", nil)
	require.NoError(t, w.Sweep(t.Context()))
	last := w.events(t)[len(w.events(t))-1]
	require.Equal(t, demeterevent.ProjectDeleted, last.Type)
	require.EqualValues(t, 2, last.Generation)
	require.Equal(t, []string{"paris"}, last.Clusters)
	_, err = w.RestoreProject(ctx, p.ID)
	require.ErrorIs(t, err, management.ErrPrecondition)

	purging, err := w.GetProject(ctx, p.ID)
	require.NoError(t, err)
	w.report(t, purging.Project, "paris", demeterevent.PhaseTerminating)
	w.report(t, purging.Project, "paris", demeterevent.PhaseGone)
	_, err = w.GetProject(ctx, p.ID)
	require.ErrorIs(t, err, management.ErrNotFound)
	require.NoError(t, w.Recover(t.Context()))
	requireAgreement(t, w, true)
	w.project(t, a.ID, "shop")
}

func TestDeletionIsGuarded(t *testing.T) {
	w := newWorld(t, func(c *management.Config) { c.BreakerDeletes = 2 })
	a := w.account(t, "acme")
	ctx := as(t.Context(), management.RoleAdmin, a.ID)
	_, err := w.DeleteProject(ctx, a.DefaultProjectID, false)
	require.ErrorIs(t, err, management.ErrPrecondition, "default project")

	p := w.project(t, a.ID, "p")
	yes, no := true, false
	_, err = w.UpdateProject(ctx, management.ProjectChange{ID: p.ID, Protected: &yes})
	require.NoError(t, err)
	_, err = w.DeleteProject(ctx, p.ID, false)
	require.ErrorIs(t, err, management.ErrPrecondition, "protected")
	_, err = w.UpdateProject(ctx, management.ProjectChange{ID: p.ID, Protected: &no})
	require.NoError(t, err)

	for i := range 2 {
		_, err := w.DeleteProject(ctx, w.project(t, a.ID, fmt.Sprint("x", i)).ID, false)
		require.NoError(t, err)
	}
	_, err = w.DeleteProject(ctx, p.ID, false)
	require.ErrorIs(t, err, management.ErrPrecondition, "mass deletion")
	_, err = w.DeleteProject(ctx, p.ID, true)
	require.ErrorIs(t, err, management.ErrDenied)
	w.clock.Advance(11 * time.Minute)
	_, err = w.DeleteProject(ctx, p.ID, false)
	require.NoError(t, err, "the window has passed")
	q := w.project(t, a.ID, "q")
	_, err = w.DeleteProject(operator(t.Context()), q.ID, true)
	require.NoError(t, err, "an operator forces it")
}

func TestPlacementByLabels(t *testing.T) {
	w := newWorld(t)
	w.cluster(t, "paris", map[string]string{"region": "eu"})
	w.cluster(t, "tokyo", map[string]string{"region": "asia"})
	w.beat(t, "oslo", map[string]string{"region": "eu"}) // never approved
	a := w.account(t, "acme")
	everywhere := w.project(t, a.ID, "all")
	require.Equal(t, []string{"paris", "tokyo"}, everywhere.Clusters)

	eu := map[string]string{"region": "eu"}
	p, err := w.CreateProject(operator(t.Context()), management.NewProject{AccountID: a.ID, Name: "eu", Selector: eu})
	require.NoError(t, err)
	require.Equal(t, []string{"paris"}, p.Clusters)
	require.Equal(t, demeterevent.PhasePending, p.States["paris"].Phase)

	asia := map[string]string{"region": "asia"}
	p, err = w.UpdateProject(operator(t.Context()), management.ProjectChange{ID: p.ID, Selector: &asia})
	require.NoError(t, err)
	require.Equal(t, []string{"tokyo"}, p.Clusters)
	last := w.events(t)[len(w.events(t))-1]
	require.Equal(t, event{Type: demeterevent.ProjectUpdated, ID: p.ID, Generation: 2, Clusters: []string{"tokyo"}}, last)
}

func TestLateClusterIsCaughtUp(t *testing.T) {
	w := newWorld(t)
	a := w.account(t, "acme")
	kind(t, w)
	for i := range 98 {
		w.project(t, a.ID, fmt.Sprint("p", i))
	}
	port, err := w.CreatePort(operator(t.Context()), management.NewPort{ProjectID: a.DefaultProjectID, Kind: "http", Spec: spec(80)})
	require.NoError(t, err)
	sent := len(w.events(t))
	w.cluster(t, "late", map[string]string{"region": "eu"})

	seen := map[string]int{}
	for _, e := range w.events(t)[sent:] {
		require.Equal(t, "late", e.SnapshotFor)
		require.Equal(t, []string{"late"}, e.Clusters)
		seen[e.ID+e.PortID]++
	}
	require.Len(t, seen, 100, "99 projects and a port")
	require.Equal(t, 1, seen[a.DefaultProjectID+port.ID])

	sent = len(w.events(t))
	require.NoError(t, w.Sweep(t.Context()))
	require.Len(t, w.events(t), sent, "once")

	request := demeterevent.Heartbeat{ClusterID: "late", SentAt: w.clock.Now(), SnapshotRequest: "r1"}
	for range 3 {
		require.NoError(t, w.ObserveHeartbeat(t.Context(), request))
		require.NoError(t, w.Sweep(t.Context()))
	}
	require.Len(t, w.events(t), sent+100, "the fabric's request is served once")
}

func TestRelabeledClusterLosesProjects(t *testing.T) {
	w := newWorld(t)
	w.cluster(t, "paris", map[string]string{"region": "eu"})
	a := w.account(t, "acme")
	p, err := w.CreateProject(operator(t.Context()), management.NewProject{
		AccountID: a.ID, Name: "eu", Selector: map[string]string{"region": "eu"},
	})
	require.NoError(t, err)
	_, err = w.ApproveCluster(operator(t.Context()), "paris", map[string]string{"region": "test"})
	require.NoError(t, err)
	require.NoError(t, w.Sweep(t.Context()))
	view, err := w.GetProject(operator(t.Context()), p.ID)
	require.NoError(t, err)
	require.Empty(t, view.Clusters)
	require.EqualValues(t, 2, view.Generation)
}

func types(events []event) []string {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.Type
	}
	return names
}
