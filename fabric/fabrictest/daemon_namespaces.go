package fabrictest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

func foreignNamespace(t *testing.T, env Env, p demeterevent.Project) {
	t.Helper()
	require.NoError(t, env.Outsider.Add(fabric.Object{
		Ref: namespaceRef(p), Labels: map[string]string{"owner": "somebody"},
	}))
}

func foreignRefused(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	foreignNamespace(t, env, p)
	before, _ := env.get(t, namespaceRef(p))
	d.deliver(t, demeterevent.ProjectCreated, p)
	require.Equal(t, demeterevent.PhaseDegraded, d.reported(p).Phase)
	require.Contains(t, d.reported(p).Reason, string(demeterevent.CodeForeignNamespace))

	p.Generation = 2
	d.deliver(t, demeterevent.ProjectDeleted, p)
	require.Equal(t, demeterevent.PhaseGone, d.reported(p).Phase)
	after, ok := env.get(t, namespaceRef(p))
	require.True(t, ok, "what is not ours is not deleted")
	require.Equal(t, before.ResourceVersion, after.ResourceVersion)
}

func foreignAdopted(t *testing.T, env Env) {
	t.Helper()
	d := env.start(t, func(c *fabric.Config) { c.Takeover = fabric.TakeoverAdopt })
	p := project()
	foreignNamespace(t, env, p)
	d.deliver(t, demeterevent.ProjectCreated, p)
	require.Equal(t, demeterevent.PhaseReady, d.reported(p).Phase)
	ns, _ := env.get(t, namespaceRef(p))
	require.True(t, ns.ManagedByFabric())
	require.Equal(t, "somebody", ns.Labels["owner"])
}

func otherProject(t *testing.T, env Env) {
	t.Helper()
	d := env.start(t, func(c *fabric.Config) { c.Takeover = fabric.TakeoverAdopt })
	first, second := project(), project()
	second.Namespace = first.Namespace
	d.deliver(t, demeterevent.ProjectCreated, first)
	d.deliver(t, demeterevent.ProjectCreated, second)
	require.Equal(t, demeterevent.PhaseDegraded, d.reported(second).Phase)
	require.Contains(t, d.reported(second).Reason, first.ProjectID)

	second.Generation = 2
	d.deliver(t, demeterevent.ProjectDeleted, second)
	require.Equal(t, demeterevent.PhaseGone, d.reported(second).Phase)
	ns, ok := env.get(t, namespaceRef(first))
	require.True(t, ok)
	require.False(t, ns.Deleting)
}

func reservedRefused(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	p.Namespace = unique("kube-own")
	d.deliver(t, demeterevent.ProjectCreated, p)
	require.Equal(t, demeterevent.PhaseDegraded, d.reported(p).Phase)
	_, ok := env.get(t, namespaceRef(p))
	require.False(t, ok)
}

const finalizer = "example.test/hold"

// held gives the project's namespace a ConfigMap that keeps it from going.
func held(t *testing.T, env Env, p demeterevent.Project) (release func()) {
	t.Helper()
	obj := configMap(p.Namespace, nil)
	obj.Labels = nil
	require.NoError(t, env.Outsider.Add(obj))
	require.NoError(t, env.Outsider.Hold(obj.Ref, finalizer))
	return func() { require.NoError(t, env.Outsider.Release(obj.Ref, finalizer)) }
}

func terminatingWaited(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	d.deliver(t, demeterevent.ProjectCreated, p)
	release := held(t, env, p)
	first, _ := env.get(t, namespaceRef(p))
	require.NoError(t, env.Cluster.Delete(t.Context(), first.Ref, first.UID))

	p.Generation = 2
	d.deliver(t, demeterevent.ProjectUpdated, p)
	d.becomes(t, p, demeterevent.PhaseTerminating)
	env.eventually(t, func() bool {
		return contains(d.reported(p).Reason, string(demeterevent.CodeTerminating), finalizer)
	}, "the reason names the finalizer")
	release()
	d.becomes(t, p, demeterevent.PhaseReady)
	second, _ := env.get(t, namespaceRef(p))
	require.NotEqual(t, first.UID, second.UID)
	require.EqualValues(t, 2, d.reported(p).ObservedGeneration)
}

func projectGone(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	created := p
	d.deliver(t, demeterevent.ProjectCreated, p)
	release := held(t, env, p)
	p.Generation = 2
	d.deliver(t, demeterevent.ProjectDeleted, p)
	require.Equal(t, demeterevent.PhaseTerminating, d.reported(p).Phase)
	env.eventually(t, func() bool { return contains(d.reported(p).Reason, finalizer) }, "what it waits for")

	release()
	d.becomes(t, p, demeterevent.PhaseGone)
	require.EqualValues(t, 2, d.reported(p).ObservedGeneration)
	d.deliver(t, demeterevent.ProjectCreated, created)
	_, ok := env.get(t, namespaceRef(p))
	require.False(t, ok, "an event from before the removal creates nothing")

	p.Generation = 3
	d.deliver(t, demeterevent.ProjectCreated, p)
	require.Equal(t, demeterevent.PhaseReady, d.reported(p).Phase, "restored")
}

func neverHere(t *testing.T, env Env) {
	t.Helper()
	d, listed, elsewhere := env.start(t, nil), project(), project()
	d.deliver(t, demeterevent.ProjectDeleted, listed)
	require.Equal(t, demeterevent.PhaseGone, d.reported(listed).Phase)

	elsewhere.Clusters = []string{"oslo"}
	d.deliver(t, demeterevent.ProjectCreated, elsewhere)
	d.deliver(t, demeterevent.ProjectDeleted, elsewhere)
	snapshot := project()
	snapshot.SnapshotFor = "oslo"
	d.deliver(t, demeterevent.ProjectCreated, snapshot)
	require.Empty(t, d.rec.Namespaces(elsewhere.ProjectID))
	require.Empty(t, d.rec.Namespaces(snapshot.ProjectID))

	moved := project()
	d.deliver(t, demeterevent.ProjectCreated, moved)
	moved.Generation, moved.Clusters = 2, []string{"oslo"}
	d.deliver(t, demeterevent.ProjectUpdated, moved)
	d.becomes(t, moved, demeterevent.PhaseGone)
}
