package management_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/management"
)

func TestStaleReportsAreDropped(t *testing.T) {
	w := newWorld(t)
	w.cluster(t, "paris", nil)
	p := w.project(t, w.account(t, "acme").ID, "shop")
	labels := map[string]string{}
	p2, err := w.UpdateProject(operator(t.Context()), management.ProjectChange{ID: p.ID, Selector: &labels})
	require.NoError(t, err)
	require.EqualValues(t, 2, p2.Generation)

	now := w.clock.Now()
	report := func(generation int64, at time.Time, phase demeterevent.Phase) {
		require.NoError(t, w.ObserveNamespace(t.Context(), demeterevent.NamespaceState{
			ProjectID: p.ID, ClusterID: "paris", Namespace: p.Namespace, Phase: phase,
			ObservedGeneration: generation, ObservedAt: at,
		}))
	}
	phase := func() demeterevent.Phase {
		view, err := w.GetProject(operator(t.Context()), p.ID)
		require.NoError(t, err)
		return view.States["paris"].Phase
	}
	report(1, now, demeterevent.PhaseReady)
	require.Equal(t, demeterevent.PhaseApplying, phase(), "ready, but of the older generation")
	report(2, now.Add(time.Second), demeterevent.PhaseReady)
	require.Equal(t, demeterevent.PhaseReady, phase())
	report(1, now.Add(2*time.Second), demeterevent.PhaseDegraded)
	require.Equal(t, demeterevent.PhaseReady, phase(), "an older generation")
	report(2, now, demeterevent.PhaseApplying)
	require.Equal(t, demeterevent.PhaseReady, phase(), "older of the same generation")
	report(2, now.Add(time.Second), demeterevent.PhaseReady)
	require.Equal(t, demeterevent.PhaseReady, phase(), "a duplicate")
	report(9, now.Add(3*time.Second), demeterevent.PhaseDegraded)
	require.Equal(t, demeterevent.PhaseReady, phase(), "a generation that was never given")
	report(2, now.Add(4*time.Second), demeterevent.PhaseDegraded)
	require.Equal(t, demeterevent.PhaseDegraded, phase(), "drift")

	require.NoError(t, w.ObserveNamespace(t.Context(), demeterevent.NamespaceState{
		ProjectID: "unknown", ClusterID: "paris", Phase: demeterevent.PhaseReady, ObservedGeneration: 1,
	}))
}

func TestSilenceBecomesDegraded(t *testing.T) {
	w := newWorld(t)
	w.cluster(t, "paris", nil)
	w.cluster(t, "tokyo", nil)
	p := w.project(t, w.account(t, "acme").ID, "shop")
	w.report(t, p.Project, "tokyo", demeterevent.PhaseReady)

	w.clock.Advance(2*time.Minute + time.Second)
	w.beat(t, "paris", nil)
	w.beat(t, "tokyo", nil)
	require.NoError(t, w.Sweep(t.Context()))
	view, err := w.GetProject(operator(t.Context()), p.ID)
	require.NoError(t, err)
	require.Equal(t, demeterevent.PhaseDegraded, view.States["paris"].Phase)
	require.Contains(t, view.States["paris"].Reason, "Silent: no final report of generation 1 within 2m0s")
	require.Equal(t, demeterevent.PhaseReady, view.States["tokyo"].Phase)

	w.report(t, p.Project, "paris", demeterevent.PhaseReady)
	view, err = w.GetProject(operator(t.Context()), p.ID)
	require.NoError(t, err)
	require.Equal(t, demeterevent.PhaseReady, view.States["paris"].Phase, "a late report counts")

	w.clock.Advance(2*time.Minute + time.Second)
	w.beat(t, "tokyo", nil)
	require.NoError(t, w.Sweep(t.Context()))
	view, err = w.GetProject(operator(t.Context()), p.ID)
	require.NoError(t, err)
	require.Contains(t, view.States["paris"].Reason, "ClusterSilent: no heartbeat since")
	w.beat(t, "paris", nil)
	view, err = w.GetProject(operator(t.Context()), p.ID)
	require.NoError(t, err)
	require.Equal(t, demeterevent.PhaseReady, view.States["paris"].Phase)
}

func TestSilentPortsBecomeDegraded(t *testing.T) {
	w := newWorld(t)
	w.cluster(t, "paris", nil)
	kind(t, w)
	a := w.account(t, "acme")
	port, err := w.CreatePort(operator(t.Context()), management.NewPort{ProjectID: a.DefaultProjectID, Kind: "http", Spec: spec(80)})
	require.NoError(t, err)
	w.clock.Advance(3 * time.Minute)
	w.beat(t, "paris", nil)
	require.NoError(t, w.Sweep(t.Context()))
	port, err = w.GetPort(operator(t.Context()), port.ID)
	require.NoError(t, err)
	require.Equal(t, demeterevent.PhaseDegraded, port.States["paris"].Phase)
}

func TestClusterRegistration(t *testing.T) {
	w := newWorld(t)
	w.beat(t, "paris", map[string]string{"region": "eu"})
	_, err := w.ApproveCluster(operator(t.Context()), "unknown", nil)
	require.ErrorIs(t, err, management.ErrNotFound)
	_, err = w.ApproveCluster(as(t.Context(), management.RoleAdmin, "a"), "paris", nil)
	require.ErrorIs(t, err, management.ErrDenied)
	_, err = w.ListClusters(as(t.Context(), management.RoleAdmin, "a"))
	require.ErrorIs(t, err, management.ErrDenied)

	first, err := w.ApproveCluster(operator(t.Context()), "paris", nil)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"region": "eu"}, first.Labels)
	w.clock.Advance(time.Second)
	again, err := w.ApproveCluster(operator(t.Context()), "paris", nil)
	require.NoError(t, err)
	require.Equal(t, first.ApprovedAt, again.ApprovedAt)

	require.NoError(t, w.ObserveHeartbeat(t.Context(), demeterevent.Heartbeat{ClusterID: "paris", Lag: 7, SentAt: w.clock.Now()}))
	require.NoError(t, w.ObserveHeartbeat(t.Context(), demeterevent.Heartbeat{
		ClusterID: "paris", Lag: 9, SentAt: w.clock.Now().Add(-time.Minute),
	}))
	all, err := w.ListClusters(operator(t.Context()))
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.EqualValues(t, 7, all[0].Heartbeat.Lag, "an older heartbeat is ignored")
}

func TestWatchProject(t *testing.T) {
	w := newWorld(t, func(c *management.Config) { c.WatchEvery = time.Hour })
	w.cluster(t, "paris", nil)
	p := w.project(t, w.account(t, "acme").ID, "shop")
	ctx, cancel := context.WithCancel(operator(t.Context()))
	defer cancel()
	next := make(chan demeterevent.Phase)
	ended := make(chan error, 1)
	go func() {
		for view, err := range w.WatchProject(ctx, p.ID) {
			if err != nil {
				ended <- err
				return
			}
			next <- view.States["paris"].Phase
		}
	}()
	require.Equal(t, demeterevent.PhasePending, <-next)
	w.report(t, p.Project, "paris", demeterevent.PhaseApplying)
	require.Equal(t, demeterevent.PhaseApplying, <-next)
	w.report(t, p.Project, "paris", demeterevent.PhaseReady)
	require.Equal(t, demeterevent.PhaseReady, <-next)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)

	for _, err := range w.WatchProject(as(t.Context(), management.RoleAdmin, "other"), p.ID) {
		require.ErrorIs(t, err, management.ErrNotFound)
	}
}
