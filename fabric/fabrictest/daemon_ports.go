package fabrictest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// port returns a new port of the project.
func port(env Env, p demeterevent.Project) demeterevent.Port {
	return demeterevent.Port{
		PortID: unique("port"), ProjectID: p.ProjectID, AccountID: p.AccountID, Namespace: p.Namespace,
		Kind: env.PortKind, Spec: json.RawMessage(`{"port": 8080, "path": "/", "hosts": ["a.example"]}`),
		Generation: p.Generation + 1, Target: p.Target,
	}
}

func portRef(p demeterevent.Port) fabric.Ref {
	return fabric.Ref{Kind: fabric.PortKind(p.Kind), Namespace: p.Namespace, Name: p.PortID}
}

func (d *daemon) portReported(p demeterevent.Port) demeterevent.PortState {
	return last(d.rec.Ports(p.PortID))
}

func portReady(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	d.deliver(t, demeterevent.ProjectCreated, p)
	port := port(env, p)
	d.deliver(t, demeterevent.PortCreated, port)
	require.Equal(t, demeterevent.PhaseReady, d.portReported(port).Phase)
	require.Equal(t, port.Generation, d.portReported(port).ObservedGeneration)
	obj, ok := env.get(t, portRef(port))
	require.True(t, ok)
	require.Equal(t, "/", specOf(obj)["path"])
	require.Equal(t, p.ProjectID, obj.Labels[demeterevent.LabelProjectID])

	old := port
	port.Generation, port.Spec = 3, json.RawMessage(`{"port": 9090, "hosts": ["b.example"]}`)
	d.deliver(t, demeterevent.PortUpdated, port)
	d.deliver(t, demeterevent.PortCreated, old)
	obj, _ = env.get(t, portRef(port))
	require.NotContains(t, specOf(obj), "path", "a field left out is removed")
	require.Equal(t, []any{"b.example"}, specOf(obj)["hosts"])
	require.EqualValues(t, 3, d.portReported(port).ObservedGeneration)

	writes := d.Stats().Writes
	d.deliver(t, demeterevent.PortUpdated, port)
	require.Equal(t, writes, d.Stats().Writes, "what matches is not written")
	require.NoError(t, env.Outsider.Edit(portRef(port), func(o *fabric.Object) { specOf(*o)["port"] = int64(1) }))
	env.eventually(t, func() bool {
		obj, _ := env.get(t, portRef(port))
		raw, _ := json.Marshal(specOf(obj)["port"])
		return string(raw) == "9090"
	}, "a port that drifts is repaired")
}

func portKindAbsent(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	d.deliver(t, demeterevent.ProjectCreated, p)
	port := port(env, p)
	port.Kind = "carrierpigeon"
	d.deliver(t, demeterevent.PortCreated, port)
	require.Equal(t, demeterevent.PhaseDegraded, d.portReported(port).Phase)
	require.Contains(t, d.portReported(port).Reason, string(demeterevent.CodeKindAbsent))
	require.Equal(t, demeterevent.PhaseReady, d.reported(p).Phase)

	port.Generation, port.Spec = 3, nil
	d.deliver(t, demeterevent.PortDeleted, port)
	require.Equal(t, demeterevent.PhaseGone, d.portReported(port).Phase)
}

func portGone(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	d.deliver(t, demeterevent.ProjectCreated, p)
	port := port(env, p)
	d.deliver(t, demeterevent.PortCreated, port)
	require.NoError(t, env.Outsider.Hold(portRef(port), finalizer))

	created := port
	port.Generation, port.Spec = 3, nil
	d.deliver(t, demeterevent.PortDeleted, port)
	require.Equal(t, demeterevent.PhaseTerminating, d.portReported(port).Phase)
	require.Contains(t, d.portReported(port).Reason, finalizer)
	require.NoError(t, env.Outsider.Release(portRef(port), finalizer))
	env.eventually(t, func() bool { return d.portReported(port).Phase == demeterevent.PhaseGone }, "gone")
	d.deliver(t, demeterevent.PortCreated, created)
	_, ok := env.get(t, portRef(port))
	require.False(t, ok, "an event from before the removal creates nothing")
}

func portsFollow(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	port := port(env, p)
	d.deliver(t, demeterevent.PortCreated, port)
	require.Equal(t, demeterevent.PhaseDegraded, d.portReported(port).Phase, "its project is not known yet")
	_, ok := env.get(t, namespaceRef(p))
	require.False(t, ok)
	d.deliver(t, demeterevent.ProjectCreated, p)
	require.Equal(t, demeterevent.PhaseReady, d.portReported(port).Phase)

	ns, _ := env.get(t, namespaceRef(p))
	require.NoError(t, env.Cluster.Delete(t.Context(), ns.Ref, ns.UID))
	env.eventually(t, func() bool {
		again, ok := env.get(t, namespaceRef(p))
		_, portBack := env.get(t, portRef(port))
		return ok && again.UID != ns.UID && portBack
	}, "namespace and port come back")
	d.becomes(t, p, demeterevent.PhaseReady)

	p.Generation = 5
	d.deliver(t, demeterevent.ProjectDeleted, p)
	d.becomes(t, p, demeterevent.PhaseGone)
	env.eventually(t, func() bool { return d.portReported(port).Phase == demeterevent.PhaseGone }, "the port is gone")
}
