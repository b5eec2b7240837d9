package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

// TestRequeue: a message that cannot be handled is listed, shown and, once its
// handler is mended, requeued; another is discarded.
func TestRequeue(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DefaultNumPartitions(1))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	broker := cluster.ListenAddrs()[0]
	factory := eventbus.NewFactory(franzbus.New(franzbus.Config{Brokers: []string{broker}}), eventbus.FactoryConfig{
		Logger:   slog.New(slog.DiscardHandler),
		Consumer: eventbus.ConsumerConfig{Failure: eventbus.FailurePolicy{Attempts: 1}},
	})
	consumer, err := factory.Consumer("billing", eventbus.ClientDefault)
	require.NoError(t, err)
	defer func() { require.NoError(t, consumer.Close(context.Background())) }()
	var mended atomic.Bool
	var handled atomic.Int32
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "orders", Callback: eventbus.CallbackFunc(
		func(context.Context, *eventbus.Message) error {
			if !mended.Load() {
				return errors.New("out of order")
			}
			handled.Add(1)
			return nil
		})}))
	producer, err := factory.Producer(eventbus.ClientDefault)
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	for n := range 2 {
		msg, err := eventbus.NewMessage("orders", "OrderPlaced", "k", n)
		require.NoError(t, err)
		require.NoError(t, producer.Publish(t.Context(), msg))
	}

	command := func(args ...string) string {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), &out, append(args, "-brokers", broker)))
		return out.String()
	}
	require.Eventually(t, func() bool {
		return strings.Count(command("list", "-topic", "orders"), "out of order") == 2
	}, 20*time.Second, 20*time.Millisecond)
	require.Contains(t, command("show", "-dlq", "orders.billing.dlq", "-id", "0-0"), `"payload":0`)
	require.Equal(t, "discarded orders.billing.dlq 0-1\n", command("discard", "-dlq", "orders.billing.dlq", "-id", "0-1"))
	mended.Store(true)
	require.Equal(t, "requeued orders.billing.dlq 0-0\n", command("requeue", "-group", "billing", "-reason", "exhausted"))
	require.Eventually(t, func() bool { return handled.Load() == 1 }, 20*time.Second, 5*time.Millisecond)
	require.NotContains(t, command("list"), "out of order")
	require.Error(t, run(t.Context(), new(bytes.Buffer), []string{"requeue", "-brokers", broker}), "all of everything is not meant")
}
