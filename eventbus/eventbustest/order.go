package eventbustest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// testRetryOrderOverRestart: a message that waits in a later retry topic keeps its
// place before the one that waits in an earlier one, also for a consumer that was
// not there when they got there.
func testRetryOrderOverRestart(t *testing.T, h Harness) {
	f := newFixture(t, h)
	retried := make(chan struct{}, 16)
	policy := func(c *eventbus.ConsumerConfig) {
		c.Failure = eventbus.FailurePolicy{
			Attempts: 1, Delays: []time.Duration{500 * time.Millisecond, 3 * time.Second},
		}
		c.Observer = observerFunc(func(o eventbus.Observation) {
			if o.Kind == eventbus.Retried {
				retried <- struct{}{}
			}
		})
	}
	first := f.consumer(policy)
	again := make(chan struct{})
	f.register(first, func(ctx context.Context, _ *eventbus.Message) error {
		if d, _ := eventbus.DeliveryFrom(ctx); d.Attempt == 2 {
			close(again)
			f.eventually("the consumer closes", func() bool { return errors.Is(first.Unregister(), eventbus.ErrClosed) })
		}
		return errTest
	})
	producer := f.producer()
	f.publish(producer, f.message("bad", 0))
	<-retried // to the first retry topic
	f.publish(producer, f.message("bad", 1))
	<-retried // behind it
	<-again
	require.NoError(t, first.Close(f.context()))
	<-retried // to the second

	var rec recorder
	f.register(f.consumer(policy), rec.Notify)
	f.eventually("both are handled", rec.seen(2))
	require.Equal(t, upTo(2), rec.numbers()["bad"])
}
