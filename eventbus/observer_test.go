package eventbus_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

// counter counts observations.
type counter struct {
	mu    sync.Mutex
	kinds map[eventbus.Kind]int
}

func (c *counter) Observe(o eventbus.Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds[o.Kind]++
}

func (c *counter) of(kind eventbus.Kind) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kinds[kind]
}

// broken is an observer that panics, whatever it is told.
type broken struct{}

func (broken) Observe(eventbus.Observation) { panic("on purpose") }

// An observer that panics harms neither who publishes nor what is handled.
func TestBrokenObserver(t *testing.T) {
	bus := membus.New(membus.Config{})
	producer, err := eventbus.NewProducer(bus, eventbus.ProducerConfig{Logger: quiet(), Observer: broken{}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, producer.Close()) })
	msg, err := eventbus.NewMessage("topic", "Tested", "key", 1)
	require.NoError(t, err)
	require.NoError(t, producer.Publish(t.Context(), msg))

	handled := make(chan eventbus.Delivery, 8)
	consumer, err := eventbus.NewConsumer(bus, eventbus.ConsumerConfig{Group: "g", Logger: quiet(), Observer: broken{}})
	require.NoError(t, err)
	require.NoError(t, consumer.Register(eventbus.Registry{
		Topic: "topic", Callback: eventbus.CallbackFunc(func(ctx context.Context, _ *eventbus.Message) error {
			delivery, _ := eventbus.DeliveryFrom(ctx)
			handled <- delivery
			return nil
		}),
	}))
	select {
	case delivery := <-handled:
		require.Equal(t, 1, delivery.Attempt)
	case <-time.After(20 * time.Second):
		require.Fail(t, "the message was not handled")
	}
	require.NoError(t, consumer.Close(context.Background()))
	require.Empty(t, handled)
}
