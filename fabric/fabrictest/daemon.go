package fabrictest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// RunDaemon runs the daemon's use cases on the cluster.
func RunDaemon(t *testing.T, newEnv func(t *testing.T) Env) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Env){
		"a project becomes a namespace with its baseline": projectReady,
		"an event that comes again writes nothing":        projectAgain,
		"an older generation is ignored":                  projectStale,
		"the report comes before the acknowledgment":      reportBeforeAck,
		"a foreign namespace is refused":                  foreignRefused,
		"a foreign namespace is adopted":                  foreignAdopted,
		"another project's namespace is never taken":      otherProject,
		"a reserved namespace is refused":                 reservedRefused,
		"what the cluster refuses is degraded":            refusedProject,
		"a terminating namespace is waited for":           terminatingWaited,
		"a removed project is confirmed gone":             projectGone,
		"a project that was never here":                   neverHere,
		"drift is repaired":                               driftRepaired,
		"a namespace deleted by hand comes back":          deletedByHand,
		"a restart writes nothing that matches":           restartQuiet,
		"a new baseline replaces the old one":             baselineChanged,
		"a restart finishes what was under way":           restartFinishes,
		"a port becomes a custom resource":                portReady,
		"a port of an absent kind is reported":            portKindAbsent,
		"a removed port is confirmed gone":                portGone,
		"ports go and come with their namespace":          portsFollow,
		"heartbeats":                                      heartbeats,
		"a malformed event is a dead letter":              malformed,
	} {
		t.Run(name, func(t *testing.T) { test(t, newEnv(t)) })
	}
}

// daemon is one running daemon and what it reports.
type daemon struct {
	*fabric.Daemon

	env  Env
	rec  *Recorder
	cb   eventbus.Callback
	stop func()
}

const clusterID = "paris"

// start runs a daemon in the cluster; each test's records lie in a namespace of
// their own, so that daemons that share a cluster do not see each other's.
func (e Env) start(t *testing.T, change func(*fabric.Config)) *daemon {
	t.Helper()
	cfg := fabric.Config{
		ClusterID: clusterID, Version: "test", Baseline: fabric.DefaultBaseline(),
		RecordsNamespace: unique("records"),
		Heartbeat:        50 * time.Millisecond, Recheck: 100 * time.Millisecond,
		Backoff: time.Millisecond, MaxBackoff: 50 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	rec := &Recorder{}
	d, err := fabric.New(e.Cluster, rec, cfg)
	require.NoError(t, err)
	cb, err := d.Callback()
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	stopped := false
	out := &daemon{Daemon: d, env: e, rec: rec, cb: cb, stop: func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-done)
		}
	}}
	t.Cleanup(out.stop)
	<-d.Loaded()
	return out
}

// project returns a new project placed in the cluster.
func project() demeterevent.Project {
	name := unique("prj-shop")
	return demeterevent.Project{
		ProjectID: "id-" + name, AccountID: unique("acc"), Name: "shop", Namespace: name, Generation: 1,
		Target: demeterevent.Target{Clusters: []string{clusterID}},
	}
}

func namespaceRef(p demeterevent.Project) fabric.Ref {
	return fabric.Ref{Kind: fabric.KindNamespace, Name: p.Namespace}
}

// deliver gives the daemon one event, as the bus would.
func (d *daemon) deliver(t *testing.T, eventType string, payload any) {
	t.Helper()
	require.NoError(t, d.notify(t, eventType, payload))
}

func (d *daemon) notify(t *testing.T, eventType string, payload any) error {
	t.Helper()
	msg, err := eventbus.NewMessage(demeterevent.EventTopic, eventType, "key", payload)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return d.cb.Notify(ctx, msg)
}

// reported returns the last state reported of the project.
func (d *daemon) reported(p demeterevent.Project) demeterevent.NamespaceState {
	return last(d.rec.Namespaces(p.ProjectID))
}

// becomes waits for a phase to be reported of the project.
func (d *daemon) becomes(t *testing.T, p demeterevent.Project, phase demeterevent.Phase) {
	t.Helper()
	d.env.eventually(t, func() bool { return d.reported(p).Phase == phase },
		"phase "+string(phase)+" of "+p.Namespace)
}

func projectReady(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	d.deliver(t, demeterevent.ProjectCreated, p)

	got := d.reported(p)
	require.Equal(t, demeterevent.PhaseReady, got.Phase)
	require.Equal(t, clusterID, got.ClusterID)
	require.Equal(t, p.Namespace, got.Namespace)
	require.EqualValues(t, 1, got.ObservedGeneration)

	ns, ok := env.get(t, namespaceRef(p))
	require.True(t, ok)
	require.Equal(t, p.ProjectID, ns.Labels[demeterevent.LabelProjectID])
	require.Equal(t, p.AccountID, ns.Labels[demeterevent.LabelAccountID])
	require.Equal(t, "baseline", ns.Labels["pod-security.kubernetes.io/enforce"])
	for _, ref := range baselineRefs(p.Namespace) {
		obj, ok := env.get(t, ref)
		require.True(t, ok, ref)
		require.True(t, obj.ManagedByFabric(), ref)
	}
	binding, _ := env.get(t, baselineRefs(p.Namespace)[3])
	subject := binding.Fields["subjects"].([]any)[0].(map[string]any)
	require.Equal(t, "demeter:account:"+p.AccountID, subject["name"])
}

func baselineRefs(namespace string) []fabric.Ref {
	return []fabric.Ref{
		{Kind: fabric.KindResourceQuota, Namespace: namespace, Name: "demeter-baseline"},
		{Kind: fabric.KindLimitRange, Namespace: namespace, Name: "demeter-baseline"},
		{Kind: fabric.KindNetworkPolicy, Namespace: namespace, Name: "demeter-default-deny"},
		{Kind: fabric.KindRoleBinding, Namespace: namespace, Name: "demeter-account-edit"},
	}
}

func projectAgain(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	d.deliver(t, demeterevent.ProjectCreated, p)
	writes := d.Stats().Writes
	d.deliver(t, demeterevent.ProjectCreated, p)
	require.Equal(t, writes, d.Stats().Writes)
	require.Len(t, d.rec.Namespaces(p.ProjectID), 2, "the answer is given again")
	require.Equal(t, demeterevent.PhaseReady, d.reported(p).Phase)
}

func projectStale(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	old := p
	p.Generation, p.Name = 3, "renamed"
	d.deliver(t, demeterevent.ProjectCreated, p)
	d.deliver(t, demeterevent.ProjectUpdated, old)
	ns, _ := env.get(t, namespaceRef(p))
	require.Equal(t, "renamed", ns.Annotations["demeter.run/project-name"])
	require.EqualValues(t, 3, d.reported(p).ObservedGeneration)
	require.EqualValues(t, 1, d.Stats().Ignored)
}

func refusedProject(t *testing.T, env Env) {
	t.Helper()
	d, bad, good := env.start(t, nil), project(), project()
	bad.AccountID = "no label value"
	d.deliver(t, demeterevent.ProjectCreated, bad)
	require.Equal(t, demeterevent.PhaseDegraded, d.reported(bad).Phase)
	require.Contains(t, d.reported(bad).Reason, string(demeterevent.CodeRefused))
	_, ok := env.get(t, namespaceRef(bad))
	require.False(t, ok)
	d.deliver(t, demeterevent.ProjectCreated, good)
	require.Equal(t, demeterevent.PhaseReady, d.reported(good).Phase)
}
