package fabrictest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

func reportBeforeAck(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	d.rec.Fail(errors.New("broker away"))
	err := d.notify(t, demeterevent.ProjectCreated, p)
	require.Error(t, err, "not acknowledged")
	require.False(t, eventbus.IsPermanent(err))
	_, ok := env.get(t, namespaceRef(p))
	require.True(t, ok)
	d.rec.Fail(nil)
	d.deliver(t, demeterevent.ProjectCreated, p)
	require.Equal(t, demeterevent.PhaseReady, d.reported(p).Phase)
}

func heartbeats(t *testing.T, env Env) {
	t.Helper()
	d := env.start(t, func(c *fabric.Config) {
		c.Labels = map[string]string{"region": "eu"}
		c.Lag = func() int64 { return 7 }
	})
	env.eventually(t, func() bool { return last(d.rec.Heartbeats()).SnapshotRequest != "" }, "an empty fabric asks")
	first := last(d.rec.Heartbeats())
	require.Equal(t, clusterID, first.ClusterID)
	require.Equal(t, "test", first.Version)
	require.Equal(t, "eu", first.Labels["region"])
	require.EqualValues(t, 7, first.Lag)
	require.Contains(t, first.Kinds, env.PortKind)

	p := project()
	p.SnapshotFor = clusterID
	d.deliver(t, demeterevent.ProjectCreated, p)
	env.eventually(t, func() bool {
		beat := last(d.rec.Heartbeats())
		return beat.Namespaces == 1 && beat.Degraded == 0 && beat.SnapshotRequest == ""
	}, "counts, and no more asking once the snapshot comes")
}

func malformed(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	bad := p
	bad.Namespace = ""
	require.True(t, eventbus.IsPermanent(d.notify(t, demeterevent.ProjectCreated, bad)))
	require.True(t, eventbus.IsPermanent(d.notify(t, demeterevent.ProjectCreated, "no object")))
	d.deliver(t, demeterevent.ProjectCreated, p)
	require.Equal(t, demeterevent.PhaseReady, d.reported(p).Phase)
}
