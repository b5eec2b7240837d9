package wire

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// backlog tells how many events wait to be handled.
type backlog struct {
	consumer atomic.Pointer[eventbus.Consumer]
}

func (b *backlog) of(c *eventbus.Consumer) { b.consumer.Store(c) }

// records is the group's lag on the event topic, 0 while that is not known.
func (b *backlog) records() int64 {
	consumer := b.consumer.Load()
	if consumer == nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	lag, err := consumer.Lag(ctx)
	if err != nil {
		return 0
	}
	return max(0, lag[demeterevent.EventTopic])
}
