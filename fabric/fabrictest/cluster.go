package fabrictest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/fabric"
)

// RunCluster holds an implementation to the promises of fabric.Cluster.
func RunCluster(t *testing.T, newEnv func(t *testing.T) Env) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Env){
		"create makes new objects only":       createOnly,
		"apply writes only what differs":      applyIdempotent,
		"apply owns its fields":               applyOwnership,
		"apply honors preconditions":          applyPreconditions,
		"apply keeps a default deny empty":    applyEmptyList,
		"bad objects are invalid":             invalidObjects,
		"objects need their namespace":        needNamespace,
		"kinds that are not served":           unknownKind,
		"delete honors the uid":               deleteUID,
		"a held object says what holds it":    heldObject,
		"a terminating namespace":             terminatingNamespace,
		"list yields the fabric's own":        listOwn,
		"watch tells what exists and changes": watchChanges,
	} {
		t.Run(name, func(t *testing.T) { test(t, newEnv(t)) })
	}
}

func createOnly(t *testing.T, env Env) {
	t.Helper()
	obj := namespaceObject(unique("create"))
	made, err := env.Cluster.Create(t.Context(), obj)
	require.NoError(t, err)
	require.NotEmpty(t, made.UID)
	require.NotEmpty(t, made.ResourceVersion)
	require.True(t, made.ManagedByFabric())

	_, err = env.Cluster.Create(t.Context(), obj)
	require.ErrorIs(t, err, fabric.ErrExists)
	live, err := env.Cluster.Get(t.Context(), obj.Ref)
	require.NoError(t, err)
	require.Equal(t, made.UID, live.UID)

	_, err = env.Cluster.Get(t.Context(), fabric.Ref{Kind: fabric.KindNamespace, Name: unique("none")})
	require.ErrorIs(t, err, fabric.ErrNotFound)
}

func configMap(namespace string, data map[string]any) fabric.Object {
	return fabric.Object{
		Ref:    fabric.Ref{Kind: fabric.KindConfigMap, Namespace: namespace, Name: unique("cm")},
		Labels: labels(), Fields: map[string]any{"data": data},
	}
}

func (e Env) namespace(t *testing.T) string {
	t.Helper()
	obj := namespaceObject(unique("suite"))
	_, err := e.Cluster.Create(t.Context(), obj)
	require.NoError(t, err)
	return obj.Name
}

func applyIdempotent(t *testing.T, env Env) {
	t.Helper()
	obj := configMap(env.namespace(t), map[string]any{"a": "1"})
	first, err := env.Cluster.Apply(t.Context(), obj)
	require.NoError(t, err)
	second, err := env.Cluster.Apply(t.Context(), obj)
	require.NoError(t, err)
	require.Equal(t, first.ResourceVersion, second.ResourceVersion)

	obj.Fields = map[string]any{"data": map[string]any{"a": "2"}}
	third, err := env.Cluster.Apply(t.Context(), obj)
	require.NoError(t, err)
	require.NotEqual(t, first.ResourceVersion, third.ResourceVersion)
	require.Equal(t, first.UID, third.UID)
}

func applyOwnership(t *testing.T, env Env) {
	t.Helper()
	obj := configMap(env.namespace(t), map[string]any{"ours": "1", "later left out": "1"})
	obj.Fields = map[string]any{"data": map[string]any{"ours": "1", "dropped": "1"}}
	_, err := env.Cluster.Apply(t.Context(), obj)
	require.NoError(t, err)
	require.NoError(t, env.Outsider.Edit(obj.Ref, func(o *fabric.Object) {
		data := o.Fields["data"].(map[string]any)
		data["ours"], data["theirs"] = "changed", "1"
	}))

	obj.Fields = map[string]any{"data": map[string]any{"ours": "1"}}
	live, err := env.Cluster.Apply(t.Context(), obj)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"ours": "1", "theirs": "1"}, live.Fields["data"])
}

func applyPreconditions(t *testing.T, env Env) {
	t.Helper()
	obj := configMap(env.namespace(t), map[string]any{"a": "1"})
	made, err := env.Cluster.Apply(t.Context(), obj)
	require.NoError(t, err)

	obj.Fields = map[string]any{"data": map[string]any{"a": "2"}}
	obj.UID = "00000000-0000-0000-0000-000000000000"
	_, err = env.Cluster.Apply(t.Context(), obj)
	require.ErrorIs(t, err, fabric.ErrConflict)

	obj.UID, obj.ResourceVersion = made.UID, made.ResourceVersion
	_, err = env.Cluster.Apply(t.Context(), obj)
	require.NoError(t, err)
	obj.Fields = map[string]any{"data": map[string]any{"a": "3"}}
	_, err = env.Cluster.Apply(t.Context(), obj)
	require.ErrorIs(t, err, fabric.ErrConflict, "the resource version is an old one")

	obj.Name, obj.ResourceVersion = unique("absent"), ""
	_, err = env.Cluster.Apply(t.Context(), obj)
	require.ErrorIs(t, err, fabric.ErrConflict, "an object with that uid does not exist")
}

func applyEmptyList(t *testing.T, env Env) {
	t.Helper()
	obj := fabric.Object{
		Ref:    fabric.Ref{Kind: fabric.KindNetworkPolicy, Namespace: env.namespace(t), Name: "deny"},
		Labels: labels(),
		Fields: map[string]any{"spec": map[string]any{
			"podSelector": map[string]any{}, "policyTypes": []any{"Ingress"}, "ingress": []any{},
		}},
	}
	_, err := env.Cluster.Apply(t.Context(), obj)
	require.NoError(t, err)
	require.NoError(t, env.Outsider.Edit(obj.Ref, func(o *fabric.Object) {
		o.Fields["spec"].(map[string]any)["ingress"] = []any{map[string]any{
			"from": []any{map[string]any{"podSelector": map[string]any{}}},
		}}
	}))
	live, err := env.Cluster.Apply(t.Context(), obj)
	require.NoError(t, err)
	require.Empty(t, live.Fields["spec"].(map[string]any)["ingress"])
}

func invalidObjects(t *testing.T, env Env) {
	t.Helper()
	ns := env.namespace(t)
	for name, obj := range map[string]fabric.Object{
		"upper case namespace": namespaceObject("Upper" + unique("x")),
		"long namespace":       namespaceObject(unique(strings.Repeat("x", 60))),
		"dotted namespace":     namespaceObject(unique("a.b")),
		"bad label value": {
			Ref:    fabric.Ref{Kind: fabric.KindConfigMap, Namespace: ns, Name: unique("cm")},
			Labels: map[string]string{"a": "no spaces allowed"},
		},
		"bad label key": {
			Ref:    fabric.Ref{Kind: fabric.KindConfigMap, Namespace: ns, Name: unique("cm")},
			Labels: map[string]string{"a b": "c"},
		},
		"bad name": {Ref: fabric.Ref{Kind: fabric.KindConfigMap, Namespace: ns, Name: "a_b"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := env.Cluster.Create(t.Context(), obj)
			require.ErrorIs(t, err, fabric.ErrInvalid)
			_, err = env.Cluster.Apply(t.Context(), obj)
			require.ErrorIs(t, err, fabric.ErrInvalid)
		})
	}
}

func needNamespace(t *testing.T, env Env) {
	t.Helper()
	obj := configMap(unique("absent"), map[string]any{"a": "1"})
	_, err := env.Cluster.Create(t.Context(), obj)
	require.ErrorIs(t, err, fabric.ErrNotFound)
	_, err = env.Cluster.Apply(t.Context(), obj)
	require.ErrorIs(t, err, fabric.ErrNotFound)
	require.ErrorIs(t, env.Cluster.Delete(t.Context(), obj.Ref, "x"), fabric.ErrNotFound)
}

func unknownKind(t *testing.T, env Env) {
	t.Helper()
	kinds, err := env.Cluster.Kinds(t.Context(), fabric.PortAPIVersion)
	require.NoError(t, err)
	require.Contains(t, kinds, env.PortKind)
	require.NotContains(t, kinds, "carrierpigeon")

	ref := fabric.Ref{Kind: fabric.PortKind("carrierpigeon"), Namespace: env.namespace(t), Name: "x"}
	_, err = env.Cluster.Get(t.Context(), ref)
	require.ErrorIs(t, err, fabric.ErrNoKind)
	_, err = env.Cluster.Apply(t.Context(), fabric.Object{Ref: ref})
	require.ErrorIs(t, err, fabric.ErrNoKind)
	require.ErrorIs(t, env.Cluster.Delete(t.Context(), ref, "x"), fabric.ErrNoKind)
	err = env.Cluster.Watch(t.Context(), ref.Kind, func(fabric.Change) {})
	require.ErrorIs(t, err, fabric.ErrNoKind)
}

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
