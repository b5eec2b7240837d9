//go:build integration

package kube_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/fabrictest"
	"github.com/hexplane/hexplane/fabric/kube"
	"github.com/hexplane/hexplane/internal/realservers"
)

// apiServer is a real API server with the daemon's manifests installed, seen as
// the administrator and as the daemon's service account.
type apiServer struct {
	admin  *rest.Config
	daemon *rest.Config
	client dynamic.Interface
}

func start(tb testing.TB) apiServer {
	tb.Helper()
	admin, err := kube.LoadConfig(realservers.Kubernetes(tb))
	require.NoError(tb, err)
	admin.QPS = -1
	s := apiServer{admin: admin, daemon: rest.CopyConfig(admin)}
	s.daemon.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:demeter-system:fabricd",
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:demeter-system", "system:authenticated"},
	}
	s.client, err = dynamic.NewForConfig(admin)
	require.NoError(tb, err)
	for _, name := range []string{"namespace", "crds", "rbac", "admission"} {
		s.install(tb, filepath.Join("../../services/deploy/fabricd", name+".yaml"))
	}
	s.awaitRules(tb)
	return s
}

// install applies a manifest, as kubectl would.
func (s apiServer) install(tb testing.TB, path string) {
	tb.Helper()
	file, err := os.Open(path)
	require.NoError(tb, err)
	defer file.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		obj := &unstructured.Unstructured{}
		if decoder.Decode(&obj.Object) != nil {
			return
		}
		_, err := s.resource(obj.GroupVersionKind(), obj.GetNamespace()).
			Apply(tb.Context(), obj.GetName(), obj, metav1.ApplyOptions{FieldManager: "kubectl", Force: true})
		require.NoError(tb, err, obj.GetName())
	}
}

func (s apiServer) resource(kind schema.GroupVersionKind, namespace string) dynamic.ResourceInterface {
	plural, _ := meta.UnsafeGuessKindToResource(kind)
	if namespace == "" {
		return s.client.Resource(plural)
	}
	return s.client.Resource(plural).Namespace(namespace)
}

// awaitRules waits until the server has taken in what was installed: the port
// kinds are served and the admission policies refuse.
func (s apiServer) awaitRules(tb testing.TB) {
	tb.Helper()
	daemon := s.cluster(tb, s.daemon)
	require.Eventually(tb, func() bool {
		kinds, err := daemon.Kinds(tb.Context(), fabric.PortAPIVersion)
		if err != nil || len(kinds) < 2 {
			return false
		}
		for _, probe := range probes() {
			if _, err := daemon.Apply(tb.Context(), probe); err == nil {
				return false
			}
		}
		return true
	}, time.Minute, 200*time.Millisecond, "the manifests have not taken effect")
}

// probes are harmless writes that each admission policy must refuse.
func probes() []fabric.Object {
	return []fabric.Object{
		{Ref: fabric.Ref{Kind: fabric.KindNamespace, Name: "probe"}},
		{
			Ref:    fabric.Ref{Kind: fabric.KindLimitRange, Namespace: "default", Name: "probe"},
			Fields: map[string]any{"spec": map[string]any{"limits": []any{}}},
		},
	}
}

func (s apiServer) cluster(tb testing.TB, as *rest.Config) *kube.Cluster {
	tb.Helper()
	c, err := kube.New(as, kube.Config{QPS: -1, KindsFor: 100 * time.Millisecond})
	require.NoError(tb, err)
	return c
}

// env is what the suites run on.
func (s apiServer) env(as *rest.Config) func(*testing.T) fabrictest.Env {
	return func(t *testing.T) fabrictest.Env {
		t.Helper()
		return fabrictest.Env{
			Cluster: s.cluster(t, as), Outsider: outsider{s, t}, PortKind: "http", Patience: 60 * time.Second,
		}
	}
}

// TestRealAPIServer runs the suites that memcluster passes on a real API server,
// and then the daemon with the rights of its manifests.
func TestRealAPIServer(t *testing.T) {
	s := start(t)
	t.Run("cluster", func(t *testing.T) { fabrictest.RunCluster(t, s.env(s.admin)) })
	t.Run("daemon", func(t *testing.T) { fabrictest.RunDaemon(t, s.env(s.admin)) })
	t.Run("identity", func(t *testing.T) { identity(t, s) })
	t.Run("confined", func(t *testing.T) { confined(t, s) })
}

// outsider acts as somebody else: another field manager, with updates.
type outsider struct {
	apiServer

	t *testing.T
}

func (o outsider) at(ref fabric.Ref) dynamic.ResourceInterface {
	version, err := schema.ParseGroupVersion(ref.Kind.APIVersion)
	require.NoError(o.t, err)
	if ref.Kind.APIVersion == fabric.PortAPIVersion {
		return o.client.Resource(version.WithResource("httpports")).Namespace(ref.Namespace)
	}
	return o.resource(version.WithKind(ref.Kind.Name), ref.Namespace)
}

func (o outsider) Add(obj fabric.Object) error {
	wire := &unstructured.Unstructured{Object: map[string]any{}}
	maps.Copy(wire.Object, obj.Fields)
	wire.SetAPIVersion(obj.Kind.APIVersion)
	wire.SetKind(obj.Kind.Name)
	wire.SetName(obj.Name)
	wire.SetLabels(obj.Labels)
	_, err := o.at(obj.Ref).Create(o.t.Context(), wire, metav1.CreateOptions{FieldManager: "outsider"})
	return err
}

func (o outsider) Edit(ref fabric.Ref, change func(*fabric.Object)) error {
	return o.update(ref, func(wire *unstructured.Unstructured) {
		obj := fabric.Object{Ref: ref, Labels: wire.GetLabels(), Annotations: wire.GetAnnotations(), Fields: wire.Object}
		change(&obj)
		wire.SetLabels(obj.Labels)
		wire.SetAnnotations(obj.Annotations)
	})
}

func (o outsider) Hold(ref fabric.Ref, finalizer string) error {
	return o.update(ref, func(wire *unstructured.Unstructured) {
		wire.SetFinalizers(append(wire.GetFinalizers(), finalizer))
	})
}

func (o outsider) Release(ref fabric.Ref, _ string) error {
	return o.update(ref, func(wire *unstructured.Unstructured) { wire.SetFinalizers(nil) })
}

// update changes an object, again when somebody else was faster.
func (o outsider) update(ref fabric.Ref, change func(*unstructured.Unstructured)) error {
	ctx, cancel := context.WithTimeout(o.t.Context(), time.Minute)
	defer cancel()
	for {
		wire, err := o.at(ref).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		change(wire)
		_, err = o.at(ref).Update(ctx, wire, metav1.UpdateOptions{FieldManager: "outsider"})
		if err == nil || !apierrors.IsConflict(err) {
			return err
		}
	}
}
