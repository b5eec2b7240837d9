// Command dualconsumer consumes one topic through the performant Kafka client
// and all others through the reliable one, as one consumer.
//
//	go run ./examples/eventbus/dualconsumer -brokers 127.0.0.1:9092
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
)

func main() {
	brokers := flag.String("brokers", "127.0.0.1:9092", "addresses of Kafka brokers, separated by commas")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, strings.Split(*brokers, ",")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, brokers []string) error {
	fast := franzbus.New(franzbus.Config{Brokers: brokers})
	performant, err := eventbus.NewConsumer(fast, eventbus.ConsumerConfig{Group: "analytics-fast"})
	if err != nil {
		return err
	}
	reliable, err := eventbus.NewConsumer(kafkabus.New(kafkabus.Config{Brokers: brokers}), eventbus.ConsumerConfig{Group: "analytics"})
	if err != nil {
		return err
	}
	consumer := eventbus.NewDualConsumer(reliable, performant, "clicks")
	defer consumer.Close(ctx)

	var both sync.WaitGroup
	both.Add(2)
	count := eventbus.CallbackFunc(func(_ context.Context, msg *eventbus.Message) error {
		fmt.Fprintln(out, msg.Topic, string(msg.Payload))
		both.Done()
		return nil
	})
	err = consumer.Register(
		eventbus.Registry{Topic: "clicks", Callback: count}, eventbus.Registry{Topic: "payments", Callback: count})
	if err != nil {
		return err
	}

	producer, err := eventbus.NewProducer(fast, eventbus.ProducerConfig{})
	if err != nil {
		return err
	}
	defer producer.Close()
	for _, topic := range consumer.RegisteredTopics() {
		msg, err := eventbus.NewMessage(topic, "Happened", "user-1", "hello")
		if err != nil {
			return err
		}
		if err := producer.Publish(ctx, msg); err != nil {
			return err
		}
	}
	both.Wait()
	return nil
}
