// Command publishconsume publishes one message and consumes it, in 30 lines.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

type orderPlaced struct {
	Order string `json:"order" validate:"required"`
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	// For Kafka: kafkabus.New or franzbus.New(franzbus.Config{Brokers: ...}).
	factory := eventbus.NewFactory(membus.New(membus.Config{}), eventbus.FactoryConfig{})
	consumer, err := factory.Consumer("billing", eventbus.ClientDefault)
	if err != nil {
		return err
	}
	defer consumer.Close(ctx)
	mux, handled := eventbus.NewMux(), make(chan struct{})
	err = eventbus.Handle(mux, "OrderPlaced", func(_ context.Context, ev eventbus.Event[orderPlaced]) error {
		fmt.Println("billing", ev.Data.Order, "of", ev.Key)
		close(handled)
		return nil
	})
	if err != nil {
		return err
	}
	if err := consumer.Register(eventbus.Registry{Topic: "orders", Callback: mux}); err != nil {
		return err
	}

	producer, err := factory.Producer(eventbus.ClientDefault)
	if err != nil {
		return err
	}
	defer producer.Close()
	msg, err := eventbus.NewMessage("orders", "OrderPlaced", "customer-7", orderPlaced{Order: "4711"})
	if err != nil {
		return err
	}
	if err := producer.Publish(ctx, msg); err != nil {
		return err
	}
	<-handled
	return nil
}
