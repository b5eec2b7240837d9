//go:build integration

package kube_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/fabrictest"
	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/fabricdtest"
)

// identity runs the daemon as its service account, with the rights that the
// manifests give and no more: everything it has to do must be possible.
func identity(t *testing.T, s fabricdtest.Server) {
	t.Helper()
	reports := &fabrictest.Recorder{}
	daemon, err := fabric.New(s.Cluster(t, s.Daemon), reports, fabric.Config{
		ClusterID: "paris", Baseline: fabric.DefaultBaseline(), Recheck: time.Second,
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(ctx) }()
	defer func() {
		cancel()
		require.NoError(t, <-ended)
	}()

	project := fabric.Project{ID: "p-identity", AccountID: "acme", Name: "shop", Namespace: "prj-identity", Generation: 1}
	port := fabric.Port{
		ID: "web", ProjectID: project.ID, AccountID: project.AccountID, Namespace: project.Namespace,
		Kind: "http", Spec: []byte(`{"port": 80}`), Generation: 2,
	}
	require.NoError(t, daemon.ApplyProject(ctx, project))
	require.NoError(t, daemon.ApplyPort(ctx, port))
	phases := func() (demeterevent.Phase, demeterevent.Phase) {
		namespaces, ports := reports.Namespaces(project.ID), reports.Ports(port.ID)
		return namespaces[len(namespaces)-1].Phase, ports[len(ports)-1].Phase
	}
	namespace, web := phases()
	require.Equal(t, demeterevent.PhaseReady, namespace, reports.Namespaces(project.ID))
	require.Equal(t, demeterevent.PhaseReady, web, reports.Ports(port.ID))

	quota := fabric.Ref{Kind: fabric.KindResourceQuota, Namespace: project.Namespace, Name: "demeter-baseline"}
	admin := s.Cluster(t, s.Admin)
	old, err := admin.Get(ctx, quota)
	require.NoError(t, err)
	require.NoError(t, admin.Delete(ctx, quota, old.UID))
	require.Eventually(t, func() bool {
		back, err := admin.Get(ctx, quota)
		return err == nil && back.UID != old.UID
	}, 30*time.Second, 50*time.Millisecond, "the watch is allowed, and the repair")

	port.Generation, project.Generation = 3, 4
	require.NoError(t, daemon.RemovePort(ctx, port, true))
	require.NoError(t, daemon.RemoveProject(ctx, project, true))
	require.Eventually(t, func() bool {
		namespace, web := phases()
		return namespace == demeterevent.PhaseGone && web == demeterevent.PhaseGone
	}, time.Minute, 50*time.Millisecond)
}
