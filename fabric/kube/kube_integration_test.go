//go:build integration

package kube_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/fabrictest"
	"github.com/hexplane/hexplane/internal/fabricdtest"
)

// env is what the suites run on.
func env(s fabricdtest.Server, as *rest.Config) func(*testing.T) fabrictest.Env {
	return func(t *testing.T) fabrictest.Env {
		t.Helper()
		return fabrictest.Env{
			Cluster: s.Cluster(t, as), Outsider: outsider{s, t}, PortKind: "http", Patience: 60 * time.Second,
		}
	}
}

// TestRealAPIServer runs the suites that memcluster passes on a real API server,
// and then the daemon with the rights of its manifests.
func TestRealAPIServer(t *testing.T) {
	s := fabricdtest.Start(t)
	t.Run("cluster", func(t *testing.T) { fabrictest.RunCluster(t, env(s, s.Admin)) })
	t.Run("daemon", func(t *testing.T) { fabrictest.RunDaemon(t, env(s, s.Admin)) })
	t.Run("identity", func(t *testing.T) { identity(t, s) })
	t.Run("confined", func(t *testing.T) { confined(t, s) })
}

// outsider acts as somebody else: another field manager, with updates.
type outsider struct {
	server fabricdtest.Server
	t      *testing.T
}

func (o outsider) at(ref fabric.Ref) dynamic.ResourceInterface {
	version, err := schema.ParseGroupVersion(ref.Kind.APIVersion)
	require.NoError(o.t, err)
	if ref.Kind.APIVersion == fabric.PortAPIVersion {
		return o.server.Client.Resource(version.WithResource("httpports")).Namespace(ref.Namespace)
	}
	return o.server.Resource(version.WithKind(ref.Kind.Name), ref.Namespace)
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
