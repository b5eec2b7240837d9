package fabric_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/fabrictest"
	"github.com/hexplane/hexplane/fabric/memcluster"
)

const benchProjects = 10_000

// benchDaemon runs a daemon until the returned function.
func benchDaemon(b *testing.B, cluster fabric.Cluster) (*fabric.Daemon, func()) {
	b.Helper()
	d, err := fabric.New(cluster, &fabrictest.Recorder{}, fabric.Config{
		ClusterID: "paris", Baseline: fabric.DefaultBaseline(), Heartbeat: time.Hour,
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = d.Run(ctx) })
	<-d.Loaded()
	return d, func() { cancel(); running.Wait() }
}

func benchProject(i int) fabric.Project {
	return fabric.Project{
		ID: fmt.Sprintf("p%d", i), AccountID: "acme", Name: "bench",
		Namespace: fmt.Sprintf("prj-bench-%06d", i), Generation: 1,
	}
}

// eachProject applies every project, some at a time.
func eachProject(b *testing.B, d *fabric.Daemon, n int) {
	b.Helper()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				if err := d.ApplyProject(b.Context(), benchProject(i)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	workers.Wait()
}

// BenchmarkRestart restarts a daemon that keeps 10,000 projects, one of which
// drifted meanwhile. caught-up is the time until records and watches are read and
// the drift is repaired, replay the time to take in every event once more; writes
// counts those to what matched.
func BenchmarkRestart(b *testing.B) {
	var writes atomic.Int64
	cluster := memcluster.New(memcluster.Config{Intercept: func(c memcluster.Call) error {
		if c.Write() {
			writes.Add(1)
		}
		return nil
	}})
	d, stop := benchDaemon(b, cluster)
	eachProject(b, d, benchProjects)
	stop()
	quota := fabric.Ref{
		Kind: fabric.KindResourceQuota, Namespace: benchProject(benchProjects).Namespace, Name: "demeter-baseline",
	}
	var caughtUp, replay time.Duration
	for b.Loop() {
		require.NoError(b, cluster.Edit(quota, func(o *fabric.Object) {
			o.Fields["spec"].(map[string]any)["hard"].(map[string]any)["pods"] = "1"
		}))
		writes.Store(0)
		began := time.Now()
		d, stop := benchDaemon(b, cluster)
		require.Eventually(b, func() bool { return d.Stats().Repaired == 1 }, time.Minute, time.Millisecond)
		caughtUp += time.Since(began)
		began = time.Now()
		eachProject(b, d, benchProjects)
		replay += time.Since(began)
		require.EqualValues(b, 1, writes.Load(), "only the drift is written")
		stop()
	}
	b.ReportMetric(caughtUp.Seconds()/float64(b.N), "s-caught-up")
	b.ReportMetric(replay.Seconds()/float64(b.N), "s-replay")
	b.ReportMetric(float64(writes.Load()-1), "writes")
}

// BenchmarkApplyProject creates projects in the cluster in memory: the domain's
// own cost.
func BenchmarkApplyProject(b *testing.B) {
	d, stop := benchDaemon(b, memcluster.New(memcluster.Config{}))
	defer stop()
	b.ResetTimer()
	eachProject(b, d, b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "projects/s")
}
