package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

// consume: a group reads a topic of 1,000 keys from the start, with a handler
// that only counts. The slow peers read the beginning of it.
func (b *bench) consume(size, n int) error {
	name := fmt.Sprintf("consume with a handler, %d B", size)
	n = int(float64(n) * b.scale)
	topic, err := b.fill(size, n)
	if err != nil {
		return err
	}
	defer func() { _ = b.deleteTopic(topic) }()
	return b.compare(name, "msg/s", []string{">= 0.6", "", ">= 2"},
		contender{"eventbus on franzbus", func() (sample, error) { return b.consumeOurs(topic, n) }},
		contender{"raw franz-go", func() (sample, error) { return b.consumeFranz(topic, n, false) }},
		contender{"raw franz-go, decoding JSON", func() (sample, error) { return b.consumeFranz(topic, n/slowly, true) }},
		contender{"watermill-kafka, Router", func() (sample, error) { return b.consumeWatermill(topic, n/slowly) }},
	)
}

func (b *bench) fill(size, n int) (string, error) {
	topic, err := b.createTopic(partitions)
	if err != nil {
		return "", err
	}
	producer, err := eventbus.NewProducer(franzbus.New(franzbus.Config{Brokers: b.brokers}), eventbus.ProducerConfig{})
	if err != nil {
		return "", err
	}
	defer func() { _ = producer.Close() }()
	body := payload(size)
	for sent := 0; sent < n; sent += 1000 {
		slice := make([]*eventbus.Message, 1000)
		for i := range slice {
			if slice[i], err = eventbus.NewMessage(topic, "Benchmarked", fmt.Sprint("key-", i), body); err != nil {
				return "", err
			}
		}
		if err := producer.Publish(context.Background(), slice...); err != nil {
			return "", err
		}
	}
	return topic, nil
}

func (b *bench) consumeOurs(topic string, n int) (sample, error) {
	consumer, err := eventbus.NewConsumer(franzbus.New(franzbus.Config{Brokers: b.brokers}),
		eventbus.ConsumerConfig{Group: b.name("group")})
	if err != nil {
		return sample{}, err
	}
	count := newCounter(n)
	if err := consumer.Register(eventbus.Registry{Topic: topic, Callback: eventbus.CallbackFunc(
		func(context.Context, *eventbus.Message) error {
			count.add()
			return nil
		})}); err != nil {
		return sample{}, err
	}
	s := <-count.done
	return s, consumer.Close(context.Background())
}

// consumeFranz has the settings of ours: where it begins, how long the broker may
// wait, how often it commits.
func (b *bench) consumeFranz(topic string, n int, decode bool) (sample, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...), kgo.ConsumerGroup(b.name("group")), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(maxWait), kgo.AutoCommitInterval(time.Second))
	if err != nil {
		return sample{}, err
	}
	defer client.Close()
	count := newCounter(n)
	for {
		fetches := client.PollFetches(context.Background())
		for iter := fetches.RecordIter(); !iter.Done(); {
			rec := iter.Next()
			if decode {
				if err := json.Unmarshal(rec.Value, new(envelope)); err != nil {
					return sample{}, err
				}
			}
			count.add()
		}
		select {
		case s := <-count.done:
			return s, nil
		default:
		}
	}
}

func (b *bench) consumeWatermill(topic string, n int) (sample, error) {
	cfg := kafka.DefaultSaramaSubscriberConfig()
	cfg.Consumer.Offsets.Initial = sarama.OffsetOldest
	sub, err := kafka.NewSubscriber(kafka.SubscriberConfig{
		Brokers: b.brokers, ConsumerGroup: b.name("group"), OverwriteSaramaConfig: cfg,
	}, watermill.NopLogger{})
	if err != nil {
		return sample{}, err
	}
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		return sample{}, err
	}
	count := newCounter(n)
	router.AddConsumerHandler("bench", topic, sub, func(*message.Message) error {
		count.add()
		return nil
	})
	go func() { _ = router.Run(context.Background()) }()
	s := <-count.done
	return s, router.Close()
}
