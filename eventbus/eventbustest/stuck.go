package eventbustest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// testCloseStuck: a handler that does not even heed its context holds up neither
// Close, beyond the deadline, nor the message, which comes again elsewhere.
func testCloseStuck(t *testing.T, h Harness) {
	f := newFixture(t, h)
	started, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	consumer := f.consumer(func(c *eventbus.ConsumerConfig) { c.DrainTimeout = time.Hour })
	f.register(consumer, func(context.Context, *eventbus.Message) error {
		close(started)
		<-release
		return nil
	})
	f.publish(f.producer(), f.message("k", 0))
	<-started
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- consumer.Close(ctx) }()
	select {
	case err := <-closed:
		require.ErrorIs(t, err, context.DeadlineExceeded)
	case <-f.context().Done():
		t.Fatal("Close waits for a handler that is stuck")
	}

	var rec recorder
	f.register(f.consumer(), rec.Notify)
	f.eventually("the message comes again", rec.seen(1))
}
