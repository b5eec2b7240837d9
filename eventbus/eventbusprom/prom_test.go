package eventbusprom_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/eventbusprom"
	"github.com/hexplane/hexplane/eventbus/membus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	observer, err := eventbusprom.New(registry)
	require.NoError(t, err)
	_, err = eventbusprom.New(registry)
	require.NoError(t, err, "the same metrics, twice")

	factory := eventbus.NewFactory(membus.New(membus.Config{}), eventbus.FactoryConfig{
		Observer: observer, Logger: slog.New(slog.DiscardHandler),
		Consumer: eventbus.ConsumerConfig{Failure: eventbus.FailurePolicy{Attempts: 2, Backoff: time.Millisecond}},
	})
	producer, err := factory.Producer(eventbus.ClientDefault)
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	for _, eventType := range []string{"Good", "Good", "Bad", "Unwanted"} {
		msg, err := eventbus.NewMessage("orders", eventType, "k", 1)
		require.NoError(t, err)
		require.NoError(t, producer.Publish(t.Context(), msg))
	}
	consumer, err := factory.Consumer("shop", eventbus.ClientDefault)
	require.NoError(t, err)
	defer func() { require.NoError(t, consumer.Close(context.Background())) }()
	require.NoError(t, registry.Register(eventbusprom.NewLag(consumer, "shop")))
	mux := eventbus.NewMux()
	require.NoError(t, mux.On("Good", eventbus.CallbackFunc(func(context.Context, *eventbus.Message) error { return nil })))
	require.NoError(t, mux.On("Bad", eventbus.CallbackFunc(func(context.Context, *eventbus.Message) error { return errors.New("no") })))
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "orders", Callback: mux}))

	want := `
# HELP eventbus_consumed_total Messages handled to an end.
# TYPE eventbus_consumed_total counter
eventbus_consumed_total{event_type="Bad",group="shop",topic="orders"} 1
eventbus_consumed_total{event_type="Good",group="shop",topic="orders"} 2
# HELP eventbus_consumer_lag Messages of a topic that the group has not committed.
# TYPE eventbus_consumer_lag gauge
eventbus_consumer_lag{group="shop",topic="orders"} 0
# HELP eventbus_dead_lettered_total Messages given up.
# TYPE eventbus_dead_lettered_total counter
eventbus_dead_lettered_total{event_type="Bad",group="shop",reason="exhausted",topic="orders"} 1
# HELP eventbus_failed_total Attempts that failed.
# TYPE eventbus_failed_total counter
eventbus_failed_total{event_type="Bad",group="shop",topic="orders"} 2
# HELP eventbus_ignored_total Messages of an event type that no callback wants.
# TYPE eventbus_ignored_total counter
eventbus_ignored_total{group="shop",topic="orders"} 1
# HELP eventbus_in_flight Messages being handled.
# TYPE eventbus_in_flight gauge
eventbus_in_flight{group="shop",topic="orders"} 0
# HELP eventbus_published_total Messages published.
# TYPE eventbus_published_total counter
eventbus_published_total{event_type="Bad",outcome="ok",topic="orders"} 1
eventbus_published_total{event_type="Good",outcome="ok",topic="orders"} 2
eventbus_published_total{event_type="Unwanted",outcome="ok",topic="orders"} 1
`
	names := []string{
		"eventbus_consumed_total", "eventbus_consumer_lag", "eventbus_dead_lettered_total", "eventbus_failed_total",
		"eventbus_ignored_total", "eventbus_in_flight", "eventbus_published_total",
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
			c.Errorf("%v", err)
		}
	}, 30*time.Second, 10*time.Millisecond)
}
