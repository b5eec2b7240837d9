package fabrictest

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

func contains(s string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(s, part) {
			return false
		}
	}
	return true
}

func specOf(o fabric.Object) map[string]any { return o.Fields["spec"].(map[string]any) }

func driftRepaired(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	d.deliver(t, demeterevent.ProjectCreated, p)
	refs := baselineRefs(p.Namespace)
	edit := func(ref fabric.Ref, change func(*fabric.Object), repaired func(fabric.Object) bool) {
		t.Helper()
		require.NoError(t, env.Outsider.Edit(ref, change))
		env.eventually(t, func() bool {
			obj, ok := env.get(t, ref)
			return ok && repaired(obj)
		}, "repair of "+ref.String())
	}
	edit(namespaceRef(p), func(o *fabric.Object) { o.Labels["pod-security.kubernetes.io/enforce"] = "privileged" },
		func(o fabric.Object) bool { return o.Labels["pod-security.kubernetes.io/enforce"] == "baseline" })
	edit(refs[0], func(o *fabric.Object) { specOf(*o)["hard"].(map[string]any)["pods"] = "5k" },
		func(o fabric.Object) bool { return specOf(o)["hard"].(map[string]any)["pods"] == "50" })
	edit(refs[2], func(o *fabric.Object) { specOf(*o)["ingress"] = []any{map[string]any{}} },
		func(o fabric.Object) bool { return specOf(o)["ingress"] == nil })
	edit(refs[3], func(o *fabric.Object) {
		o.Fields["subjects"] = append(o.Fields["subjects"].([]any), map[string]any{
			"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "mallory",
		})
	}, func(o fabric.Object) bool { return len(o.Fields["subjects"].([]any)) == 1 })

	for _, ref := range refs {
		obj, _ := env.get(t, ref)
		require.NoError(t, env.Cluster.Delete(t.Context(), ref, obj.UID))
		env.eventually(t, func() bool {
			back, ok := env.get(t, ref)
			return ok && back.UID != obj.UID
		}, "return of "+ref.String())
	}
	require.NoError(t, env.Outsider.Edit(refs[1], func(o *fabric.Object) { clear(o.Labels) }))
	env.eventually(t, func() bool {
		obj, ok := env.get(t, refs[1])
		return ok && obj.ManagedByFabric()
	}, "return of the label")
}

func deletedByHand(t *testing.T, env Env) {
	t.Helper()
	d, p := env.start(t, nil), project()
	d.deliver(t, demeterevent.ProjectCreated, p)
	first, _ := env.get(t, namespaceRef(p))
	require.NoError(t, env.Cluster.Delete(t.Context(), first.Ref, first.UID))
	env.eventually(t, func() bool {
		second, ok := env.get(t, namespaceRef(p))
		return ok && second.UID != first.UID && !second.Deleting
	}, "the namespace comes back")
	d.becomes(t, p, demeterevent.PhaseReady)
	env.eventually(t, func() bool {
		for _, ref := range baselineRefs(p.Namespace) {
			if _, ok := env.get(t, ref); !ok {
				return false
			}
		}
		return true
	}, "with its baseline")
}

// restart stops the daemon and starts another on the same records.
func (d *daemon) restart(t *testing.T, records string, change func(*fabric.Config)) *daemon {
	t.Helper()
	d.stop()
	return d.env.start(t, func(c *fabric.Config) {
		c.RecordsNamespace = records
		if change != nil {
			change(c)
		}
	})
}

func restartQuiet(t *testing.T, env Env) {
	t.Helper()
	records := unique("records")
	d := env.start(t, func(c *fabric.Config) { c.RecordsNamespace = records })
	var projects []demeterevent.Project
	for range 5 {
		projects = append(projects, project())
		d.deliver(t, demeterevent.ProjectCreated, last(projects))
	}
	drifted := projects[0]
	d.stop()
	require.NoError(t, env.Outsider.Edit(baselineRefs(drifted.Namespace)[0], func(o *fabric.Object) {
		specOf(*o)["hard"].(map[string]any)["pods"] = "1"
	}))

	d = d.restart(t, records, nil)
	env.eventually(t, func() bool { return d.Stats().Repaired == 1 }, "drift while it was away is repaired")
	for _, p := range projects {
		d.deliver(t, demeterevent.ProjectCreated, p)
		require.Equal(t, demeterevent.PhaseReady, d.reported(p).Phase)
	}
	require.EqualValues(t, 1, d.Stats().Writes, "and nothing else is written")
	require.EqualValues(t, 5, d.Stats().Namespaces)
	require.Empty(t, last(d.rec.Heartbeats()).SnapshotRequest)
}

func baselineChanged(t *testing.T, env Env) {
	t.Helper()
	records := unique("records")
	d, p := env.start(t, func(c *fabric.Config) { c.RecordsNamespace = records }), project()
	d.deliver(t, demeterevent.ProjectCreated, p)
	refs := baselineRefs(p.Namespace)

	d.restart(t, records, func(c *fabric.Config) {
		c.Baseline.AccountRole = "view"
		c.Baseline.Labels = nil
		c.Baseline.Isolation = fabric.IsolateNone
		c.Baseline.Quota = map[string]string{"pods": "7"}
	})
	env.eventually(t, func() bool {
		quota, _ := env.get(t, refs[0])
		ns, _ := env.get(t, namespaceRef(p))
		_, policy := env.get(t, refs[2])
		_, edit := env.get(t, refs[3])
		view := refs[3]
		view.Name = "demeter-account-view"
		_, viewed := env.get(t, view)
		_, labeled := ns.Labels["pod-security.kubernetes.io/enforce"]
		hard, _ := specOf(quota)["hard"].(map[string]any)
		return len(hard) == 1 && hard["pods"] == "7" && !policy && !edit && viewed && !labeled
	}, "the old baseline is replaced")
}

func restartFinishes(t *testing.T, env Env) {
	t.Helper()
	records := unique("records")
	d := env.start(t, func(c *fabric.Config) { c.RecordsNamespace = records })
	p, unreported := project(), project()
	d.deliver(t, demeterevent.ProjectCreated, p)
	release := held(t, env, p)
	p.Generation = 2
	d.deliver(t, demeterevent.ProjectDeleted, p)
	require.Equal(t, demeterevent.PhaseTerminating, d.reported(p).Phase)

	d.rec.Fail(errors.New("broker away"))
	require.Error(t, d.notify(t, demeterevent.ProjectCreated, unreported))
	_, ok := env.get(t, namespaceRef(unreported))
	require.True(t, ok, "applied, not reported")

	d = d.restart(t, records, nil)
	release()
	d.becomes(t, p, demeterevent.PhaseGone)
	d.deliver(t, demeterevent.ProjectCreated, unreported)
	require.Equal(t, demeterevent.PhaseReady, d.reported(unreported).Phase)
}
