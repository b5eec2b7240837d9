//go:build integration

package kube_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/fabricdtest"
)

// confined tries, as the daemon's service account, what the manifests must
// refuse: whatever its code does, it cannot touch what it did not label.
func confined(t *testing.T, s fabricdtest.Server) {
	t.Helper()
	daemon, admin := s.Cluster(t, s.Daemon), s.Cluster(t, s.Admin)
	ours := map[string]string{
		demeterevent.LabelManagedBy: demeterevent.ManagedByFabric, demeterevent.LabelProjectID: "p-confined",
	}
	namespace := func(name string, labels map[string]string) fabric.Object {
		return fabric.Object{Ref: fabric.Ref{Kind: fabric.KindNamespace, Name: name}, Labels: labels}
	}
	inside := func(kind fabric.Kind, in string) fabric.Object {
		obj := fabric.Object{Ref: fabric.Ref{Kind: kind, Namespace: in, Name: "intruder"}, Labels: ours}
		switch kind {
		case fabric.KindResourceQuota:
			obj.Fields = map[string]any{"spec": map[string]any{"hard": map[string]any{"pods": "0"}}}
		case fabric.KindLimitRange:
			obj.Fields = map[string]any{"spec": map[string]any{"limits": []any{}}}
		case fabric.KindNetworkPolicy:
			obj.Fields = map[string]any{"spec": map[string]any{"podSelector": map[string]any{}}}
		case fabric.KindRoleBinding:
			obj.Fields = map[string]any{
				"roleRef": map[string]any{
					"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit",
				},
				"subjects": []any{map[string]any{
					"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "mallory",
				}},
			}
		default:
			obj.Fields = map[string]any{"spec": map[string]any{"port": int64(1)}}
		}
		return obj
	}
	refused := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, fabric.ErrForbidden)
	}
	apply := func(obj fabric.Object) error {
		_, err := daemon.Apply(t.Context(), obj)
		return err
	}

	foreign := namespace("confined-foreign", map[string]string{"owner": "somebody"})
	_, err := admin.Create(t.Context(), foreign)
	require.NoError(t, err)
	kinds := []fabric.Kind{
		fabric.KindResourceQuota, fabric.KindLimitRange, fabric.KindNetworkPolicy, fabric.KindRoleBinding, fabric.PortKind("http"),
	}
	for _, name := range []string{"kube-system", "default", "kube-public", "confined-foreign", "demeter-system"} {
		t.Run(name, func(t *testing.T) {
			before, err := admin.Get(t.Context(), fabric.Ref{Kind: fabric.KindNamespace, Name: name})
			require.NoError(t, err)
			refused(apply(namespace(name, ours)))
			refused(apply(namespace(name, map[string]string{"harmless": "label"})))
			refused(daemon.Delete(t.Context(), before.Ref, before.UID))
			for _, kind := range kinds {
				refused(apply(inside(kind, name)))
			}
			after, err := admin.Get(t.Context(), before.Ref)
			require.NoError(t, err)
			require.Equal(t, before.ResourceVersion, after.ResourceVersion)
		})
	}
	t.Run("namespaces of its own making", func(t *testing.T) {
		refused(apply(namespace("confined-unlabeled", nil)))
		refused(apply(namespace("kube-confined", ours)))
		own := namespace("confined-own", ours)
		_, err := daemon.Create(t.Context(), own)
		require.NoError(t, err)
		stolen := namespace(own.Name, map[string]string{
			demeterevent.LabelManagedBy: demeterevent.ManagedByFabric, demeterevent.LabelProjectID: "p-other",
		})
		refused(apply(stolen))
		for _, kind := range kinds {
			require.NoError(t, apply(inside(kind, own.Name)), kind.Name)
		}
		binding := inside(fabric.KindRoleBinding, own.Name)
		binding.Name = "escalate"
		binding.Fields["roleRef"].(map[string]any)["name"] = "cluster-admin"
		refused(apply(binding))
	})
	t.Run("secrets and others' config", func(t *testing.T) {
		for _, ns := range []string{"kube-system", "confined-own"} {
			_, err := daemon.Get(t.Context(), fabric.Ref{Kind: fabric.KindConfigMap, Namespace: ns, Name: "x"})
			refused(err)
		}
	})
}
