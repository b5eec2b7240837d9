package wire_test

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric/memcluster"
	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/fabricd/wire"
)

// BenchmarkDistribution sends b.N projects through an embedded broker to 20
// daemons, each with a cluster in memory, and measures the time until all of them
// have reported all projects ready. Run it with -benchtime=10000x.
func BenchmarkDistribution(b *testing.B) {
	const clusters = 20
	cfg := service.Config{DataDir: b.TempDir(), ShutdownTimeout: 10 * time.Second}
	cfg.Kafka.Client = "franz"
	host, err := service.NewHost("bench", cfg, io.Discard)
	require.NoError(b, err)
	var services []*service.Service
	var target demeterevent.Target
	for i := range clusters {
		id := "c" + strconv.Itoa(i)
		target.Clusters = append(target.Clusters, id)
		platform, err := host.Platform(b.Context(), "fabricd-"+id)
		require.NoError(b, err)
		svc, err := wire.New(b.Context(), platform, wire.Config{
			ClusterID: id, Cluster: memcluster.New(memcluster.Config{}), Heartbeat: time.Hour,
		})
		require.NoError(b, err)
		services = append(services, svc)
	}
	done := make(chan struct{})
	manager, err := host.Platform(b.Context(), "management")
	require.NoError(b, err)
	services = append(services, &service.Service{Platform: manager, Consumers: []service.Consumer{
		{Group: "management", Registries: []eventbus.Registry{{Topic: demeterevent.StateTopic, Callback: counter(b, clusters*b.N, done)}}},
	}})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx, services...) }()
	require.Eventually(b, func() bool { return host.Ready() == nil }, time.Minute, 10*time.Millisecond)

	b.ResetTimer()
	for i := 0; i < b.N; i += 500 {
		var batch []*eventbus.Message
		for n := i; n < min(i+500, b.N); n++ {
			p := project(strconv.Itoa(n))
			p.Target = target
			msg, err := eventbus.NewMessage(demeterevent.EventTopic, demeterevent.ProjectCreated, p.ProjectID, p)
			require.NoError(b, err)
			batch = append(batch, msg)
		}
		require.NoError(b, manager.Events.Publish(ctx, batch...))
	}
	<-done
	b.StopTimer()
	b.ReportMetric(b.Elapsed().Seconds(), "s-all-ready")
	b.ReportMetric(float64(clusters*b.N)/b.Elapsed().Seconds(), "namespaces/s")
	cancel()
	require.NoError(b, <-ended)
}

// counter closes done once so many different pairs of project and cluster are ready.
func counter(b *testing.B, want int, done chan struct{}) eventbus.Callback {
	b.Helper()
	var mu sync.Mutex
	ready := make(map[string]struct{}, want)
	mux := eventbus.NewMux()
	require.NoError(b, eventbus.Handle(mux, demeterevent.NamespaceStateChanged,
		func(_ context.Context, ev eventbus.Event[demeterevent.NamespaceState]) error {
			if ev.Data.Phase != demeterevent.PhaseReady {
				return fmt.Errorf("%s in %s: %s", ev.Data.ProjectID, ev.Data.ClusterID, ev.Data.Reason)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(ready) == want {
				return nil
			}
			ready[ev.Data.ProjectID+" "+ev.Data.ClusterID] = struct{}{}
			if len(ready) == want {
				close(done)
			}
			return nil
		}))
	return mux
}
