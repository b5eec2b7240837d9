package eventbus

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
)

// forcedGrace is how long a stop waits, after its deadline, for callbacks that
// were just told so through their context. Then they keep their messages no longer.
const forcedGrace = time.Second

// route consumes a topic through a Watermill Router: the way of subscribers
// that offer nothing but Watermill's interface. Each topic has a Router of its
// own, because a Router ends with its last handler and closes what handlers share.
func (c *Consumer) route(topic string, handle RecordHandler) (func(context.Context) error, error) {
	router, err := message.NewRouter(
		message.RouterConfig{CloseTimeout: math.MaxInt64}, watermill.NewSlogLogger(c.cfg.Logger))
	if err != nil {
		return nil, fmt.Errorf("new router: %w", err)
	}
	// Fetching ends first; handlers go on until they are done, or forced.
	fetching, stopFetching := context.WithCancel(context.Background())
	messages, err := c.sub.Subscribe(fetching, topic)
	if err != nil {
		stopFetching()
		return nil, err
	}
	r := &route{router: router, ended: make(chan struct{})}
	r.forced, r.force = context.WithCancelCause(context.Background())
	router.AddConsumerHandler(topic, topic, subscribed{messages, stopFetching}, func(msg *message.Message) error {
		ctx, cancel := r.handlerContext(msg)
		defer cancel()
		return handle(ctx, RecordOf(topic, msg))
	})
	go func() {
		defer close(r.ended)
		if err := router.Run(context.Background()); err != nil {
			c.cfg.Logger.Error("eventbus: router ended", "topic", topic, "group", c.cfg.Group, "error", err)
		}
	}()
	return r.stop, nil
}

type route struct {
	router *message.Router
	ended  chan struct{}
	forced context.Context //nolint:containedctx // ends handlers, is no call's context
	force  context.CancelCauseFunc
}

// handlerContext keeps the values of a message's context, but ends only when
// the route is forced: a Router cancels messages as soon as it closes.
func (r *route) handlerContext(msg *message.Message) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(msg.Context()))
	unlink := context.AfterFunc(r.forced, func() {
		cancel(context.Cause(r.forced))
		time.AfterFunc(forcedGrace, func() { msg.Nack() })
	})
	return ctx, func() {
		unlink()
		cancel(nil)
	}
}

func (r *route) stop(ctx context.Context) error {
	defer r.force(ErrClosed)
	closed := make(chan error, 1)
	go func() {
		<-r.router.Running()
		err := r.router.Close()
		<-r.ended
		closed <- err
	}()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
	}
	cause := context.Cause(ctx)
	r.force(cause)
	select {
	case <-closed:
	case <-time.After(forcedGrace):
	}
	return fmt.Errorf("eventbus: drain cut short: %w", cause)
}

// subscribed hands a subscription that was already made to a Router; closing it
// ends that subscription alone, not the subscriber, which topics share.
type subscribed struct {
	messages <-chan *message.Message
	stop     context.CancelFunc
}

func (s subscribed) Subscribe(context.Context, string) (<-chan *message.Message, error) {
	return s.messages, nil
}

func (s subscribed) Close() error {
	s.stop()
	return nil
}
