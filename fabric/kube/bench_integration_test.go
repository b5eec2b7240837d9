//go:build integration

package kube_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/fabrictest"
	"github.com/hexplane/hexplane/internal/fabricdtest"
)

const benchWorkers = 16

// BenchmarkNamespaces creates namespaces with the whole baseline on a real API
// server: by the daemon, with its records, checks, watches and reports, and by a
// plain loop over the dynamic client that applies the same objects. Run it with
// -benchtime=500x or more; each round does both, because the server's speed drifts.
func BenchmarkNamespaces(b *testing.B) {
	s := fabricdtest.Start(b)
	ctx := b.Context()
	daemon, stop := benchDaemon(b, s)
	defer stop()
	model := benchProject("model", 0)
	require.NoError(b, daemon.ApplyProject(ctx, model))
	templates := objectsOf(b, s, model.Namespace)

	for round := range 3 {
		b.Run(fmt.Sprintf("round %d", round), func(b *testing.B) {
			name := fmt.Sprintf("%d-%d", round, b.N)
			ours := each(b, func(i int) error { return daemon.ApplyProject(ctx, benchProject("fabric"+name, i)) })
			plain := each(b, func(i int) error {
				return applyAll(ctx, s, templates, benchProject("plain"+name, i).Namespace)
			})
			b.ReportMetric(ours, "namespaces/s")
			b.ReportMetric(plain, "plain-namespaces/s")
			b.ReportMetric(ours/plain, "ratio")
		})
	}
}

// benchDaemon runs a daemon with the rights of its manifests until the returned
// function.
func benchDaemon(b *testing.B, s fabricdtest.Server) (*fabric.Daemon, func()) {
	b.Helper()
	daemon, err := fabric.New(s.Cluster(b, s.Daemon), &fabrictest.Recorder{}, fabric.Config{
		ClusterID: "paris", Baseline: fabric.DefaultBaseline(), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(ctx) }()
	return daemon, func() {
		cancel()
		require.NoError(b, <-ended)
	}
}

// BenchmarkRestart restarts a daemon that keeps b.N projects on a real API server,
// one of which drifted meanwhile. caught-up is the time until records and watches
// are read and the drift is repaired, replay the time to take in every event once
// more; writes counts those to what matched. Run it with -benchtime=1000x.
func BenchmarkRestart(b *testing.B) {
	s := fabricdtest.Start(b)
	b.Run("projects", func(b *testing.B) {
		name := fmt.Sprintf("n%d", b.N)
		first, stop := benchDaemon(b, s)
		each(b, func(i int) error { return first.ApplyProject(b.Context(), benchProject(name, i)) })
		stop()
		quotas := s.Resource(schema.GroupVersionKind{Version: "v1", Kind: "ResourceQuota"}, benchProject(name, 1).Namespace)
		drift := []byte(`{"spec": {"hard": {"pods": "1"}}}`)
		_, err := quotas.Patch(b.Context(), "demeter-baseline", types.MergePatchType, drift, metav1.PatchOptions{})
		require.NoError(b, err)

		began := time.Now()
		second, stop := benchDaemon(b, s)
		defer stop()
		require.Eventually(b, func() bool { return second.Stats().Repaired == 1 }, time.Minute, time.Millisecond)
		b.ReportMetric(time.Since(began).Seconds(), "s-caught-up")
		rate := each(b, func(i int) error { return second.ApplyProject(b.Context(), benchProject(name, i)) })
		b.ReportMetric(float64(b.N)/rate, "s-replay")
		require.EqualValues(b, 1, second.Stats().Writes, "only the drift is written")
		b.ReportMetric(float64(second.Stats().Writes-1), "writes")
	})
}

func benchProject(name string, i int) fabric.Project {
	id := fmt.Sprintf("%s-%d", name, i)
	return fabric.Project{ID: id, AccountID: "acme", Name: "bench", Namespace: "prj-" + id, Generation: 1}
}

// each does b.N things, some at a time, and returns how many it did in a second.
func each(b *testing.B, do func(i int) error) float64 {
	b.Helper()
	var next atomic.Int64
	var workers sync.WaitGroup
	began := time.Now()
	for range benchWorkers {
		workers.Go(func() {
			for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
				if err := do(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	workers.Wait()
	return float64(b.N) / time.Since(began).Seconds()
}

var benchKinds = []schema.GroupVersionKind{
	{Version: "v1", Kind: "Namespace"},
	{Version: "v1", Kind: "ResourceQuota"},
	{Version: "v1", Kind: "LimitRange"},
	{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"},
}

// objectsOf returns what the daemon applied for a project, to apply elsewhere.
func objectsOf(b *testing.B, s fabricdtest.Server, namespace string) []*unstructured.Unstructured {
	b.Helper()
	var out []*unstructured.Unstructured
	for _, kind := range benchKinds {
		in := namespace
		opts := metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by=fabric"}
		if kind.Kind == "Namespace" {
			in, opts.FieldSelector = "", "metadata.name="+namespace
		}
		list, err := s.Resource(kind, in).List(b.Context(), opts)
		require.NoError(b, err)
		require.Len(b, list.Items, 1, kind.Kind)
		live := list.Items[0]
		obj := &unstructured.Unstructured{Object: maps.Clone(live.Object)}
		obj.Object["metadata"] = map[string]any{"name": live.GetName()}
		obj.SetLabels(live.GetLabels())
		obj.SetAnnotations(live.GetAnnotations())
		obj.SetGroupVersionKind(kind)
		delete(obj.Object, "status")
		out = append(out, obj)
	}
	return out
}

// applyAll is the plain loop: one apply after the other.
func applyAll(ctx context.Context, s fabricdtest.Server, templates []*unstructured.Unstructured, namespace string) error {
	for i, template := range templates {
		obj, in := template.DeepCopy(), namespace
		if i == 0 {
			obj.SetName(namespace)
			in = ""
		} else {
			obj.SetNamespace(namespace)
		}
		_, err := s.Resource(obj.GroupVersionKind(), in).
			Apply(ctx, obj.GetName(), obj, metav1.ApplyOptions{FieldManager: "plain", Force: true})
		if err != nil {
			return err
		}
	}
	return nil
}
