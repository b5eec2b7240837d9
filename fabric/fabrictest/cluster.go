package fabrictest

import (
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
