package franzbus_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

// A broker that stops answering in the middle of a Publish holds up neither the
// Publish for longer than its context, nor Close.
func TestPublishEndsWithItsContext(t *testing.T) {
	for name, linger := range map[string]time.Duration{"no linger": 0, "linger": 5 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
			require.NoError(t, err)
			defer cluster.Close()
			producer, err := eventbus.NewProducer(franzbus.New(franzbus.Config{Brokers: cluster.ListenAddrs()}),
				eventbus.ProducerConfig{Linger: linger})
			require.NoError(t, err)
			msg, err := eventbus.NewMessage("topic", "Sent", "key", 1)
			require.NoError(t, err)
			require.NoError(t, producer.Publish(t.Context(), msg))

			ctx, cancel := context.WithCancel(t.Context())
			cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
				cluster.KeepControl()
				cancel() // the request is with the broker, which never answers
				return nil, nil, true
			})
			err = producer.Publish(ctx, msg)
			require.ErrorIs(t, err, context.Canceled)
			var failed *eventbus.PublishError
			require.ErrorAs(t, err, &failed)
			require.NoError(t, producer.Close())
		})
	}
}
