package memcluster_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/memcluster"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// BenchmarkMassDelete deletes namespaces of five objects each, all at once, and
// waits until they are gone. What one costs should not grow with their number.
func BenchmarkMassDelete(b *testing.B) {
	for _, n := range []int{500, 2000, 8000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var took time.Duration
			for range b.N {
				cluster := memcluster.New(memcluster.Config{Termination: time.Nanosecond})
				refs := fill(b, cluster, n)
				start := time.Now()
				deleteAll(b, cluster, refs)
				took += time.Since(start)
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(b.N*n), "ns/namespace")
		})
	}
}

func fill(b *testing.B, cluster *memcluster.Cluster, n int) []fabric.Ref {
	b.Helper()
	refs := make([]fabric.Ref, n)
	labels := map[string]string{demeterevent.LabelManagedBy: demeterevent.ManagedByFabric}
	for i := range refs {
		refs[i] = fabric.Ref{Kind: fabric.KindNamespace, Name: "ns-" + strconv.Itoa(i)}
		_, err := cluster.Create(b.Context(), fabric.Object{Ref: refs[i], Labels: labels})
		require.NoError(b, err)
		for j := range 5 {
			_, err := cluster.Create(b.Context(), fabric.Object{Labels: labels, Ref: fabric.Ref{
				Kind: fabric.KindConfigMap, Namespace: refs[i].Name, Name: "object-" + strconv.Itoa(j),
			}})
			require.NoError(b, err)
		}
	}
	return refs
}

func deleteAll(b *testing.B, cluster *memcluster.Cluster, refs []fabric.Ref) {
	b.Helper()
	for _, ref := range refs {
		require.NoError(b, cluster.Delete(b.Context(), ref, ""))
	}
	probe := time.NewTicker(time.Millisecond)
	defer probe.Stop()
	for _, ref := range refs {
		for {
			_, err := cluster.Get(b.Context(), ref)
			if errors.Is(err, fabric.ErrNotFound) {
				break
			}
			<-probe.C
		}
	}
}
