package wire_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/memcluster"
	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/embedkafka"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/services/fabricd/wire"
)

func TestMain(m *testing.M) {
	// sarama's metrics keep one ticker for the whole process.
	servicetest.Main(m, child, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

// world is a broker with someone who sends events and reads reports, as
// management does.
type world struct {
	brokers []string
	send    *eventbus.Producer
	states  chan demeterevent.NamespaceState
	ports   chan demeterevent.PortState
	beats   chan demeterevent.Heartbeat
	reports chan *eventbus.Message // the same, whole
	dead    chan *eventbus.Message
}

func newWorld(t *testing.T) *world {
	t.Helper()
	broker, err := embedkafka.Start(embedkafka.Config{})
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	host, err := service.NewHost("test", config(t, broker.Addrs()), io.Discard)
	require.NoError(t, err)
	platform, err := host.Platform(t.Context(), "management")
	require.NoError(t, err)
	w := &world{
		brokers: broker.Addrs(), send: platform.Events,
		states: make(chan demeterevent.NamespaceState, 1000), ports: make(chan demeterevent.PortState, 1000),
		beats: make(chan demeterevent.Heartbeat, 1000), dead: make(chan *eventbus.Message, 1000),
		reports: make(chan *eventbus.Message, 1000),
	}
	consumer, err := platform.Bus.Consumer("management", eventbus.ClientDefault)
	require.NoError(t, err)
	mux := eventbus.NewMux()
	require.NoError(t, eventbus.Handle(mux, demeterevent.NamespaceStateChanged, into(w.states)))
	require.NoError(t, eventbus.Handle(mux, demeterevent.PortStateChanged, into(w.ports)))
	require.NoError(t, eventbus.Handle(mux, demeterevent.ClusterHeartbeat, into(w.beats)))
	whole := eventbus.CallbackFunc(func(ctx context.Context, msg *eventbus.Message) error {
		w.reports <- msg
		return mux.Notify(ctx, msg)
	})
	dead := eventbus.CallbackFunc(func(_ context.Context, msg *eventbus.Message) error {
		w.dead <- msg
		return nil
	})
	require.NoError(t, consumer.Register(
		eventbus.Registry{Topic: demeterevent.StateTopic, Callback: whole},
		eventbus.Registry{Topic: demeterevent.EventTopic + ".fabric-paris.dlq", Callback: dead},
	))
	t.Cleanup(func() {
		require.NoError(t, consumer.Close(context.Background()))
		require.NoError(t, host.Close(context.Background()))
	})
	return w
}

func into[T any](out chan T) func(context.Context, eventbus.Event[T]) error {
	return func(_ context.Context, ev eventbus.Event[T]) error {
		out <- ev.Data
		return nil
	}
}

func config(t *testing.T, brokers []string) service.Config {
	t.Helper()
	cfg := service.Config{DataDir: t.TempDir(), ShutdownTimeout: 10 * time.Second}
	cfg.Kafka.Brokers = brokers
	return cfg
}

// fabricd runs the daemon as its binary does, until the returned function.
func (w *world) fabricd(t *testing.T, cluster fabric.Cluster) (stop func()) {
	t.Helper()
	host, err := service.NewHost("fabricd", config(t, w.brokers), io.Discard)
	require.NoError(t, err)
	platform, err := host.Platform(t.Context(), "fabricd")
	require.NoError(t, err)
	svc, err := wire.New(t.Context(), platform, wire.Config{
		ClusterID: "paris", Cluster: cluster, Heartbeat: 100 * time.Millisecond, Recheck: 100 * time.Millisecond,
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- host.Run(ctx, svc) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(stop)
	return stop
}

func (w *world) publish(t *testing.T, eventType, key string, payload any) {
	t.Helper()
	msg, err := eventbus.NewMessage(demeterevent.EventTopic, eventType, key, payload)
	require.NoError(t, err)
	require.NoError(t, w.send.Publish(t.Context(), msg))
}

// next waits for the first value that is wanted.
func next[T any](t *testing.T, from <-chan T, wanted func(T) bool) T {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case got := <-from:
			if wanted(got) {
				return got
			}
		case <-deadline:
			require.FailNow(t, "nothing came")
		}
	}
}

func project(name string) demeterevent.Project {
	return demeterevent.Project{
		ProjectID: "p-" + name, AccountID: "acme", Name: name, Namespace: "prj-" + name + "-a1b2c3",
		Generation: 1, Target: demeterevent.Target{Clusters: []string{"paris"}},
	}
}

func phase(p demeterevent.Project, want demeterevent.Phase) func(demeterevent.NamespaceState) bool {
	return func(s demeterevent.NamespaceState) bool { return s.ProjectID == p.ProjectID && s.Phase == want }
}

// TestFabricResourceCreationFlow is the sequence diagram of that name: Kafka
// pushes an event, the daemon creates the resource in the cluster, the state
// event is dispatched, the event is acknowledged.
func TestFabricResourceCreationFlow(t *testing.T) {
	w := newWorld(t)
	cluster := memcluster.New(memcluster.Config{PortKinds: []string{"http"}})
	stop := w.fabricd(t, cluster)
	next(t, w.beats, func(b demeterevent.Heartbeat) bool { return b.ClusterID == "paris" && b.SnapshotRequest != "" })

	shop := project("shop")
	w.publish(t, demeterevent.ProjectCreated, shop.ProjectID, shop)
	ready := next(t, w.states, phase(shop, demeterevent.PhaseReady))
	require.Equal(t, "paris", ready.ClusterID)
	require.EqualValues(t, 1, ready.ObservedGeneration)
	require.Contains(t, cluster.Namespaces(), shop.Namespace)

	w.publish(t, demeterevent.PortCreated, shop.ProjectID, demeterevent.Port{
		PortID: "web", ProjectID: shop.ProjectID, AccountID: shop.AccountID, Namespace: shop.Namespace,
		Kind: "http", Spec: []byte(`{"port": 80}`), Generation: 2, Target: shop.Target,
	})
	web := next(t, w.ports, func(s demeterevent.PortState) bool { return s.PortID == "web" })
	require.Equal(t, demeterevent.PhaseReady, web.Phase)

	stop()
	var writes atomic.Int64
	again := memcluster.New(memcluster.Config{Intercept: func(c memcluster.Call) error {
		if c.Write() && c.Ref.Name == shop.Namespace {
			writes.Add(1)
		}
		return nil
	}})
	w.fabricd(t, again)
	lab := project("lab")
	w.publish(t, demeterevent.ProjectCreated, lab.ProjectID, lab)
	next(t, w.states, phase(lab, demeterevent.PhaseReady))
	require.Zero(t, writes.Load(), "the event was acknowledged: it did not come again")
}

func TestMalformedEventIsADeadLetterAndTheNextIsApplied(t *testing.T) {
	w := newWorld(t)
	w.fabricd(t, memcluster.New(memcluster.Config{}))
	shop := project("shop")
	w.publish(t, demeterevent.ProjectCreated, shop.ProjectID, map[string]any{"project_id": shop.ProjectID, "generation": "one"})
	w.publish(t, demeterevent.ProjectCreated, shop.ProjectID, shop)
	next(t, w.states, phase(shop, demeterevent.PhaseReady))
	bad := next(t, w.dead, func(m *eventbus.Message) bool { return m.EventType == demeterevent.ProjectCreated })
	require.JSONEq(t, `{"project_id": "p-shop", "generation": "one"}`, string(bad.Payload))
}

func TestClusterAwayHoldsEventsBack(t *testing.T) {
	w := newWorld(t)
	away := make(chan struct{})
	cluster := memcluster.New(memcluster.Config{Intercept: func(c memcluster.Call) error {
		select {
		case <-away:
			return nil
		default:
			if c.Ref.Kind == fabric.KindNamespace && c.Ref.Name != "demeter-system" {
				return fabric.ErrUnavailable
			}
			return nil
		}
	}})
	w.fabricd(t, cluster)
	var names []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		p := project(name)
		names = append(names, p.Namespace)
		w.publish(t, demeterevent.ProjectCreated, p.ProjectID, p)
	}
	held := next(t, w.states, func(s demeterevent.NamespaceState) bool { return s.Phase == demeterevent.PhaseDegraded })
	require.Contains(t, held.Reason, string(demeterevent.CodeUnreachable))
	next(t, w.beats, func(b demeterevent.Heartbeat) bool { return b.Lag == int64(len(names)) })
	close(away)
	ready := map[string]bool{}
	for len(ready) < len(names) {
		state := next(t, w.states, func(s demeterevent.NamespaceState) bool { return s.Phase == demeterevent.PhaseReady })
		ready[state.Namespace] = true
	}
	require.Subset(t, cluster.Namespaces(), names)
	require.Empty(t, w.dead)
}

func TestBaselineFileIsReadStrictly(t *testing.T) {
	w := newWorld(t)
	host, err := service.NewHost("fabricd", config(t, w.brokers), io.Discard)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, host.Close(context.Background())) })
	platform, err := host.Platform(t.Context(), "fabricd")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "baseline.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"quotas": {"pods": "1"}}`), 0o600))
	_, err = wire.New(t.Context(), platform, wire.Config{ClusterID: "paris", Baseline: path})
	require.ErrorContains(t, err, "BASELINE_FILE")
}
