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

// listInbox remembers in memory what it was asked for.
type listInbox struct {
	mu  sync.Mutex
	ids []string
}

func (b *listInbox) Once(ctx context.Context, _, id string, effect func(context.Context) error) error {
	b.mu.Lock()
	b.ids = append(b.ids, id)
	b.mu.Unlock()
	return effect(ctx)
}

// A Mux behind an inbox still says which event types it wants: the others are
// ignored before anything is noted of them.
func TestOnceKeepsTheFilterOfItsMux(t *testing.T) {
	bus := membus.New(membus.Config{})
	producer, err := eventbus.NewProducer(bus, eventbus.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, producer.Close()) })
	unwanted, err := eventbus.NewMessage("topic", "Unwanted", "key", 1)
	require.NoError(t, err)
	wanted, err := eventbus.NewMessage("topic", "Wanted", "key", 2)
	require.NoError(t, err)
	require.NoError(t, producer.Publish(t.Context(), unwanted, wanted))

	handled := make(chan struct{})
	mux := eventbus.NewMux()
	require.NoError(t, mux.On("Wanted", eventbus.CallbackFunc(func(context.Context, *eventbus.Message) error {
		close(handled)
		return nil
	})))
	inbox, counted := &listInbox{}, &counter{kinds: make(map[eventbus.Kind]int)}
	consumer, err := eventbus.NewConsumer(bus, eventbus.ConsumerConfig{Group: "g", Logger: quiet(), Observer: counted})
	require.NoError(t, err)
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "topic", Callback: eventbus.Once(inbox, mux)}))
	select {
	case <-handled:
	case <-time.After(20 * time.Second):
		require.Fail(t, "the wanted message was not handled")
	}
	require.NoError(t, consumer.Close(context.Background()))
	require.Equal(t, []string{wanted.ID}, inbox.ids)
	require.Equal(t, 1, counted.of(eventbus.Ignored))
	require.Equal(t, 1, counted.of(eventbus.Finished))
}
