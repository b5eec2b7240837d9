// Package eventbus is a typed event bus over any Watermill transport.
//
// Watermill's message.Publisher and message.Subscriber are the transport port;
// packages membus (in memory), kafkabus (watermill-kafka, the reliable profile)
// and franzbus (franz-go, the performant profile) implement it. This package
// adds what teams otherwise wire by hand: typed messages and handlers, topics
// registered and unregistered while running, retries with backoff, dead
// letters, tracing and metrics hooks, and a close that drains and then commits.
//
//	factory := eventbus.NewFactory(kafkabus.New(kafkabus.Config{Brokers: brokers}), eventbus.FactoryConfig{})
//	consumer, err := factory.Consumer("billing", eventbus.ClientDefault)
//	mux := eventbus.NewMux()
//	err = eventbus.Handle(mux, "OrderPlaced", func(ctx context.Context, ev eventbus.Event[Order]) error {
//		return charge(ctx, ev.Data)
//	})
//	err = consumer.Register(eventbus.Registry{Topic: "orders", Callback: mux})
//	defer consumer.Close(ctx)
//
// # Guarantees
//
// Delivery is at least once: a message is committed only after its callback
// returned nil, or after it is durable in a dead-letter topic. After a crash,
// at most ConsumerConfig.Window messages of a partition come again; after a
// Close, Unregister or rebalance that drained in time, none do.
//
// Messages of one topic and key are handled one at a time, in the order they
// were published. Different keys may be handled at the same time.
//
// A record that cannot be decoded, and a message whose every attempt failed,
// goes to the topic DeadLetterTopic names, unchanged but for headers that say
// why; of one that would be too large for the broker the value is left out, see
// HeaderDeadOmitted. Nothing is dropped, and nothing is retried for ever.
//
// Messages of an event type that no callback of a Mux wants are skipped.
package eventbus
