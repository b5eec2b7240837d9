package fabrictest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/fabric"
)

func deleteUID(t *testing.T, env Env) {
	t.Helper()
	obj := configMap(env.namespace(t), map[string]any{"a": "1"})
	made, err := env.Cluster.Create(t.Context(), obj)
	require.NoError(t, err)
	err = env.Cluster.Delete(t.Context(), obj.Ref, "00000000-0000-0000-0000-000000000000")
	require.ErrorIs(t, err, fabric.ErrConflict)
	require.NoError(t, env.Cluster.Delete(t.Context(), obj.Ref, made.UID))
	require.ErrorIs(t, env.Cluster.Delete(t.Context(), obj.Ref, made.UID), fabric.ErrNotFound)
}

func heldObject(t *testing.T, env Env) {
	t.Helper()
	const finalizer = "example.test/hold"
	obj := configMap(env.namespace(t), map[string]any{"a": "1"})
	made, err := env.Cluster.Create(t.Context(), obj)
	require.NoError(t, err)
	require.NoError(t, env.Outsider.Hold(obj.Ref, finalizer))
	require.NoError(t, env.Cluster.Delete(t.Context(), obj.Ref, made.UID))

	live, err := env.Cluster.Get(t.Context(), obj.Ref)
	require.NoError(t, err)
	require.True(t, live.Deleting)
	require.Contains(t, strings.Join(live.Blockers, " "), finalizer)
	require.NoError(t, env.Outsider.Release(obj.Ref, finalizer))
	env.eventually(t, func() bool { _, ok := env.get(t, obj.Ref); return !ok }, "gone once released")
}

func terminatingNamespace(t *testing.T, env Env) {
	t.Helper()
	const finalizer = "example.test/hold"
	ns := namespaceObject(unique("ending"))
	made, err := env.Cluster.Create(t.Context(), ns)
	require.NoError(t, err)
	inside := configMap(ns.Name, map[string]any{"a": "1"})
	_, err = env.Cluster.Apply(t.Context(), inside)
	require.NoError(t, err)
	require.NoError(t, env.Outsider.Hold(inside.Ref, finalizer))
	require.NoError(t, env.Cluster.Delete(t.Context(), ns.Ref, made.UID))

	_, err = env.Cluster.Create(t.Context(), configMap(ns.Name, nil))
	require.ErrorIs(t, err, fabric.ErrTerminating)
	_, err = env.Cluster.Apply(t.Context(), configMap(ns.Name, nil))
	require.ErrorIs(t, err, fabric.ErrTerminating)

	ns.Labels["example.test/applied"] = "while-terminating"
	live, err := env.Cluster.Apply(t.Context(), ns)
	require.NoError(t, err, "an apply onto a terminating namespace succeeds")
	require.True(t, live.Deleting, "and its answer says so")
	env.eventually(t, func() bool {
		live, _ := env.get(t, ns.Ref)
		return strings.Contains(strings.Join(live.Blockers, " "), finalizer)
	}, "the namespace says what holds it")

	require.NoError(t, env.Outsider.Release(inside.Ref, finalizer))
	env.eventually(t, func() bool { _, ok := env.get(t, ns.Ref); return !ok }, "gone once released")
}

func listOwn(t *testing.T, env Env) {
	t.Helper()
	ns := env.namespace(t)
	own := map[string]bool{}
	for range 3 {
		obj := configMap(ns, map[string]any{"a": "1"})
		own[obj.Name] = true
		_, err := env.Cluster.Create(t.Context(), obj)
		require.NoError(t, err)
	}
	other := configMap(ns, nil)
	other.Labels = nil
	require.NoError(t, env.Outsider.Add(other))

	found := map[string]bool{}
	for obj, err := range env.Cluster.List(t.Context(), fabric.KindConfigMap, ns) {
		require.NoError(t, err)
		require.Equal(t, map[string]any{"a": "1"}, obj.Fields["data"])
		found[obj.Name] = true
	}
	require.Equal(t, own, found)
}

func watchChanges(t *testing.T, env Env) {
	t.Helper()
	before := namespaceObject(unique("before"))
	made, err := env.Cluster.Create(t.Context(), before)
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	changes, ended := make(chan fabric.Change, 1000), make(chan error, 1)
	go func() {
		ended <- env.Cluster.Watch(ctx, fabric.KindNamespace, func(c fabric.Change) { changes <- c })
	}()
	next := func(about string, wanted func(fabric.Change) bool) {
		t.Helper()
		env.eventually(t, func() bool {
			for {
				select {
				case c := <-changes:
					if wanted(c) {
						return true
					}
				default:
					return false
				}
			}
		}, about)
	}
	next("what exists", func(c fabric.Change) bool { return c.Object.Name == before.Name && !c.Gone })
	next("synced", func(c fabric.Change) bool { return c.Synced })

	after := namespaceObject(unique("after"))
	_, err = env.Cluster.Create(t.Context(), after)
	require.NoError(t, err)
	next("created", func(c fabric.Change) bool { return c.Object.Name == after.Name })
	require.NoError(t, env.Outsider.Edit(after.Ref, func(o *fabric.Object) { o.Labels["x"] = "y" }))
	next("changed", func(c fabric.Change) bool { return c.Object.Labels["x"] == "y" })
	require.NoError(t, env.Outsider.Edit(after.Ref, func(o *fabric.Object) { clear(o.Labels) }))
	next("no longer ours", func(c fabric.Change) bool { return c.Object.Name == after.Name && c.Gone })
	require.NoError(t, env.Cluster.Delete(t.Context(), before.Ref, made.UID))
	next("gone", func(c fabric.Change) bool { return c.Object.Name == before.Name && c.Gone })

	cancel()
	require.Error(t, <-ended)
}
