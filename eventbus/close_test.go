package eventbus_test

import (
	"context"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

// stuck is a transport whose subscribers cannot leave before they are let go.
type stuck struct {
	eventbus.Transport

	letGo chan struct{}
}

func (s stuck) Subscriber(cfg eventbus.ConsumerConfig) (message.Subscriber, error) {
	sub, err := s.Transport.Subscriber(cfg)
	return stuckSubscriber{sub, s.letGo}, err
}

type stuckSubscriber struct {
	message.Subscriber

	letGo chan struct{}
}

func (s stuckSubscriber) Close() error {
	<-s.letGo
	return s.Subscriber.Close()
}

// A transport that cannot leave holds Close up for no longer than its context.
func TestCloseEndsWithItsContext(t *testing.T) {
	transport := stuck{membus.New(membus.Config{}), make(chan struct{})}
	defer close(transport.letGo)
	consumer, err := eventbus.NewConsumer(transport, eventbus.ConsumerConfig{Group: "group"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, consumer.Close(ctx), context.Canceled)
	require.ErrorIs(t, consumer.Close(t.Context()), context.Canceled, "twice")
}
