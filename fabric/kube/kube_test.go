package kube

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/rest"

	"github.com/hexplane/hexplane/fabric"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMeaning(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	terminating := apierrors.NewForbidden(pods, "a", errors.New("namespace is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	for name, tc := range map[string]struct{ err, want error }{
		"not found":       {apierrors.NewNotFound(pods, "a"), fabric.ErrNotFound},
		"kind not served": {apierrors.NewGenericServerResponse(404, "GET", pods, "a", "404 page not found", 0, true), fabric.ErrNoKind},
		"exists":          {apierrors.NewAlreadyExists(pods, "a"), fabric.ErrExists},
		"conflict":        {apierrors.NewConflict(pods, "a", errors.New("x")), fabric.ErrConflict},
		"terminating":     {terminating, fabric.ErrTerminating},
		"forbidden":       {apierrors.NewForbidden(pods, "a", errors.New("no")), fabric.ErrForbidden},
		"invalid":         {apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "a", nil), fabric.ErrInvalid},
		"another uid": {apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "a", field.ErrorList{
			field.Invalid(field.NewPath("metadata", "uid"), "x", "field is immutable"),
		}), fabric.ErrConflict},
		"bad request":         {apierrors.NewBadRequest("x"), fabric.ErrInvalid},
		"too many requests":   {apierrors.NewTooManyRequests("x", 1), fabric.ErrUnavailable},
		"unauthorized":        {apierrors.NewUnauthorized("x"), fabric.ErrUnavailable},
		"internal error":      {apierrors.NewInternalError(errors.New("x")), fabric.ErrUnavailable},
		"timeout":             {apierrors.NewTimeoutError("x", 1), fabric.ErrUnavailable},
		"connection refused":  {errors.New("dial tcp: connection refused"), fabric.ErrUnavailable},
		"deadline":            {context.DeadlineExceeded, fabric.ErrUnavailable},
		"service unavailable": {apierrors.NewServiceUnavailable("x"), fabric.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) { require.ErrorIs(t, meaning(tc.err), tc.want) })
	}
}

func TestWire(t *testing.T) {
	obj := fabric.Object{
		Ref:         fabric.Ref{Kind: fabric.PortKind("http"), Namespace: "ns", Name: "p"},
		Labels:      map[string]string{"a": "b"},
		Annotations: map[string]string{"c": "d"},
		Fields: map[string]any{"spec": map[string]any{
			"port": 8080.0, "ratio": 0.5, "list": []any{1, "x", nil}, "on": true,
		}},
		UID: "u", ResourceVersion: "7",
	}
	wire := toWire(obj, "HTTP")
	require.Equal(t, "HTTP", wire.GetKind())
	require.NotPanics(t, func() { wire.DeepCopy() }, "every value is of a type the API machinery copies")
	back := fromWire(wire, obj.Kind)
	obj.Fields = map[string]any{"spec": map[string]any{
		"port": int64(8080), "ratio": 0.5, "list": []any{int64(1), "x", nil}, "on": true,
	}}
	require.Equal(t, obj, back)
}

func TestWireTellsWhatHoldsARemoval(t *testing.T) {
	got := fromWire(&unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{
			"name": "ns", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": []any{"example.test/a"},
		},
		"spec": map[string]any{"finalizers": []any{"kubernetes"}},
		"status": map[string]any{"conditions": []any{
			map[string]any{"type": "NamespaceContentRemaining", "status": "True", "message": "1 left"},
			map[string]any{"type": "NamespaceDeletionContentFailure", "status": "False", "message": "fine"},
		}},
	}}, fabric.KindNamespace)
	require.True(t, got.Deleting)
	require.Equal(t, []string{"example.test/a", "1 left"}, got.Blockers)
	require.NotContains(t, got.Fields, "status")
}

func TestPathsAreChecked(t *testing.T) {
	c, err := New(&rest.Config{Host: "http://127.0.0.1:1"}, Config{})
	require.NoError(t, err)
	for _, ref := range []fabric.Ref{
		{Kind: fabric.KindNamespace, Name: "a/b"},
		{Kind: fabric.KindNamespace, Name: ".."},
		{Kind: fabric.KindNamespace},
		{Kind: fabric.KindConfigMap, Namespace: "a%2fb", Name: "x"},
	} {
		_, err := c.Get(t.Context(), ref)
		require.ErrorIs(t, err, fabric.ErrInvalid, ref)
	}
	_, err = c.Get(t.Context(), fabric.Ref{Kind: fabric.KindNamespace, Name: "x"})
	require.ErrorIs(t, err, fabric.ErrUnavailable)
}

// server answers as an API server does about what it serves and about one
// namespace.
func server(t *testing.T, kinds *atomic.Pointer[string]) *Cluster {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /apis/ports.demeter.run/v1alpha1", func(w http.ResponseWriter, _ *http.Request) {
		kind := kinds.Load()
		if kind == nil {
			http.NotFound(w, nil)
			return
		}
		reply(w, metav1.APIResourceList{APIResources: []metav1.APIResource{
			{Name: "httpports", Kind: *kind, Namespaced: true},
			{Name: "httpports/status", Kind: *kind, Namespaced: true},
			{Name: "classes", Kind: "Class"},
		}})
	})
	mux.HandleFunc("GET /apis/ports.demeter.run/v1alpha1/namespaces/ns/httpports/p", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{
			"apiVersion": fabric.PortAPIVersion, "kind": "HTTP",
			"metadata": map[string]any{"name": "p", "namespace": "ns", "uid": "u"},
		})
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	c, err := New(&rest.Config{Host: srv.URL}, Config{KindsFor: time.Nanosecond, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { http.DefaultClient.CloseIdleConnections() })
	return c
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func TestKindsAreFoundWithoutRegardToCase(t *testing.T) {
	var kind atomic.Pointer[string]
	c := server(t, &kind)
	ref := fabric.Ref{Kind: fabric.PortKind("http"), Namespace: "ns", Name: "p"}

	names, err := c.Kinds(t.Context(), fabric.PortAPIVersion)
	require.NoError(t, err)
	require.Empty(t, names)
	_, err = c.Get(t.Context(), ref)
	require.ErrorIs(t, err, fabric.ErrNoKind)

	http := "HTTP"
	kind.Store(&http)
	names, err = c.Kinds(t.Context(), fabric.PortAPIVersion)
	require.NoError(t, err)
	require.Equal(t, []string{"http"}, names)
	got, err := c.Get(t.Context(), ref)
	require.NoError(t, err)
	require.Equal(t, "u", got.UID)
	require.Equal(t, ref, got.Ref)
}

func TestACreatedFieldIsLeftOver(t *testing.T) {
	entry := func(op metav1.ManagedFieldsOperationType, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Operation: op, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	update, apply := metav1.ManagedFieldsOperationUpdate, metav1.ManagedFieldsOperationApply
	for name, tc := range map[string]struct {
		entries []metav1.ManagedFieldsEntry
		left    bool
	}{
		"created and applied alike": {[]metav1.ManagedFieldsEntry{
			entry(update, `{"f:metadata":{"f:labels":{".":{},"f:a":{}}}}`),
			entry(apply, `{"f:metadata":{"f:labels":{"f:a":{}}}}`),
		}, false},
		"left out of the apply": {[]metav1.ManagedFieldsEntry{
			entry(update, `{"f:metadata":{"f:labels":{".":{},"f:a":{},"f:b":{}}}}`),
			entry(apply, `{"f:metadata":{"f:labels":{"f:a":{}}}}`),
		}, true},
		"only applied": {[]metav1.ManagedFieldsEntry{entry(apply, `{"f:metadata":{"f:labels":{"f:a":{}}}}`)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			obj := &unstructured.Unstructured{Object: map[string]any{}}
			obj.SetManagedFields(tc.entries)
			left, err := leftovers(obj)
			require.NoError(t, err)
			require.Equal(t, tc.left, left)
		})
	}
}
