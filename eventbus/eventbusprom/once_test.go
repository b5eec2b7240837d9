package eventbusprom_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/cloudevent"
	"github.com/hexplane/hexplane/eventbus/eventbusprom"
	"github.com/hexplane/hexplane/eventbus/membus"
)

// TestConsumedOnce: a message counts as consumed once, under its event type,
// however often it came back, and in whatever form.
func TestConsumedOnce(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	observer, err := eventbusprom.New(registry)
	require.NoError(t, err)
	factory := eventbus.NewFactory(membus.New(membus.Config{}), eventbus.FactoryConfig{
		Observer: observer, Logger: slog.New(slog.DiscardHandler),
		Serializers: map[eventbus.ClientType]eventbus.Serializer{eventbus.ClientExternal: cloudevent.New("/test")},
		Consumer: eventbus.ConsumerConfig{Failure: eventbus.FailurePolicy{
			Attempts: 1, Delays: []time.Duration{time.Millisecond},
			Outage: eventbus.OutagePolicy{Probe: time.Millisecond},
		}},
	})
	producer, err := factory.Producer(eventbus.ClientExternal)
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	for _, eventType := range []string{"Retried", "Unwanted", "Probed"} {
		msg, err := eventbus.NewMessage("orders", eventType, "k"+eventType, 1)
		require.NoError(t, err)
		require.NoError(t, producer.Publish(t.Context(), msg))
	}
	consumer, err := factory.Consumer("shop", eventbus.ClientExternal)
	require.NoError(t, err)
	mux := eventbus.NewMux()
	var done atomic.Int32
	second := func(failure error) eventbus.CallbackFunc {
		var calls atomic.Int32
		return func(context.Context, *eventbus.Message) error {
			if calls.Add(1) == 1 {
				return failure
			}
			done.Add(1)
			return nil
		}
	}
	require.NoError(t, mux.On("Retried", second(errors.New("not yet"))))
	require.NoError(t, mux.On("Probed", second(eventbus.Unavailable(errors.New("refused")))))
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "orders", Callback: mux}))
	require.Eventually(t, func() bool { return done.Load() == 2 }, 30*time.Second, time.Millisecond)
	require.NoError(t, consumer.Close(context.Background()))

	families, err := registry.Gather()
	require.NoError(t, err)
	got := make(map[string]float64)
	for _, family := range families {
		if family.GetName() != "eventbus_consumed_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			got[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
		}
	}
	require.Equal(t, map[string]float64{"Retried": 1, "Probed": 1}, got)
	n, err := testutil.GatherAndCount(registry, "eventbus_ignored_total")
	require.NoError(t, err)
	require.Equal(t, 1, n)
}
