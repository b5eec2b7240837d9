// Package servicetest runs wired services in one test, over an in-memory bus and
// in-memory documents. What a service keeps outlives its run, so a test can stop
// it and start it again as after a crash.
//
//	house := servicetest.New(t)
//	svc, err := wire.New(t.Context(), house.Platform("rsclient"), wire.Config{})
//	url := house.Run(svc)
//
// It also runs a service's real binary: the test binary starts itself again as the
// service, so that main, signals and exit status are the real ones.
//
//	func TestMain(m *testing.M) { servicetest.Main(m, main) }
//
//	func TestBinary(t *testing.T) { servicetest.Smoke(t, "rsclient", "SYNC_BULK_SIZE") }
package servicetest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/cloudevent"
	"github.com/hexplane/hexplane/eventbus/membus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/internal/service"
)

// drain bounds how long a stop waits for what is in flight.
const drain = 10 * time.Second

// House is the surroundings of the services of one test.
type House struct {
	t   testing.TB
	bus *service.Bus
	log *slog.Logger

	mu        sync.Mutex
	platforms map[string]*service.Platform
}

// New returns a house that is torn down with the test.
func New(t testing.TB) *House {
	log := slog.New(slog.DiscardHandler)
	policy := eventbus.FailurePolicy{Attempts: 3, Backoff: time.Millisecond}
	return &House{
		t: t, log: log, platforms: map[string]*service.Platform{},
		bus: service.NewBus(membus.New(membus.Config{}), eventbus.FactoryConfig{
			Logger: log, Consumer: eventbus.ConsumerConfig{Failure: policy},
			Serializers: map[eventbus.ClientType]eventbus.Serializer{
				eventbus.ClientExternal: cloudevent.New("/hexplane/test"),
			},
		}),
	}
}

// Platform returns the platform of the service of that name; the same one for the
// same name.
func (h *House) Platform(name string) *service.Platform {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if p, ok := h.platforms[name]; ok {
		return p
	}
	events := h.Producer()
	p := &service.Platform{
		Name: name, Dir: h.t.TempDir(), Log: h.log, Bus: h.bus, Events: events,
		Docs:    docstore.New(docstoretest.NewMemory(), events, docstore.Config{Log: h.log}),
		Metrics: unregistered{}, Traces: noop.NewTracerProvider(),
	}
	h.platforms[name] = p
	return p
}

// unregistered takes metrics that nobody reads, also those of a service that is
// wired again after a stop.
type unregistered struct{}

func (unregistered) Register(prometheus.Collector) error  { return nil }
func (unregistered) MustRegister(...prometheus.Collector) {}
func (unregistered) Unregister(prometheus.Collector) bool { return true }

// Producer returns a producer on the house's bus.
func (h *House) Producer() *eventbus.Producer {
	h.t.Helper()
	return h.ProducerFor(eventbus.ClientDefault)
}

// ProducerFor is Producer for another client type.
func (h *House) ProducerFor(ct eventbus.ClientType) *eventbus.Producer {
	h.t.Helper()
	producer, err := h.bus.Producer(ct)
	require.NoError(h.t, err)
	h.t.Cleanup(func() { assert.NoError(h.t, producer.Close()) })
	return producer
}

// Listen gives every message of some topics to a callback.
func (h *House) Listen(group string, callback eventbus.CallbackFunc, topics ...string) {
	h.t.Helper()
	registries := make([]eventbus.Registry, len(topics))
	for i, topic := range topics {
		registries[i] = eventbus.Registry{Topic: topic, Callback: callback}
	}
	h.t.Cleanup(h.consume(service.Consumer{Group: group, Registries: registries}))
}

// Running is a service that runs.
type Running struct {
	// URL is where its REST interface answers; empty when it has none.
	URL  string
	stop func()
}

// Stop stops the service in order, as the end of the test does. Stopping again is
// harmless.
func (r *Running) Stop() { r.stop() }

// Run runs a service until Stop or the end of the test.
func (h *House) Run(svc *service.Service) *Running {
	h.t.Helper()
	loops, stopLoops := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, loop := range append(svc.Loops, service.Loop{Name: "outbox", Run: svc.Platform.Docs.Run}) {
		wg.Go(func() {
			if err := loop.Run(loops); loops.Err() == nil {
				assert.NoError(h.t, err, "%s: %s ended", svc.Platform.Name, loop.Name)
			}
		})
	}
	var closers []func()
	for _, consumer := range svc.Consumers {
		closers = append(closers, h.consume(consumer))
	}
	running := &Running{}
	if svc.Handler != nil {
		server := httptest.NewServer(svc.Handler)
		running.URL = server.URL
		closers = append([]func(){server.Close}, closers...)
	}
	running.stop = sync.OnceFunc(func() {
		for _, closeIt := range closers {
			closeIt()
		}
		stopLoops()
		wg.Wait()
	})
	h.t.Cleanup(running.stop)
	return running
}

func (h *House) consume(c service.Consumer) func() {
	h.t.Helper()
	consumer, err := h.bus.Group(c)
	require.NoError(h.t, err)
	require.NoError(h.t, consumer.Register(c.Registries...))
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		assert.NoError(h.t, consumer.Close(ctx))
	}
}
