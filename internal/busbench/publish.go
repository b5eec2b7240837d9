package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

const sliceSize = 100

func payload(size int) json.RawMessage {
	return json.RawMessage(`{"text":"` + strings.Repeat("x", size-11) + `"}`)
}

func (b *bench) createTopic(partitions int32) (string, error) {
	topic := b.name("topic")
	client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...))
	if err != nil {
		return "", err
	}
	defer client.Close()
	_, err = kadm.NewClient(client).CreateTopic(context.Background(), partitions, 1, nil, topic)
	return topic, err
}

// publish: slices of 100, each waited for.
func (b *bench) publish(size int) error {
	const n = 40_000
	topic, err := b.createTopic(partitions)
	if err != nil {
		return err
	}
	return b.compare(fmt.Sprintf("publish slices of 100, %d B", size), "msg/s", []string{">= 0.8", ">= 5", ""},
		contender{"eventbus on franzbus", func() (sample, error) { return b.publishOurs(topic, size, n) }},
		contender{"raw franz-go", func() (sample, error) { return b.publishFranz(topic, size, n) }},
		contender{"watermill-kafka", func() (sample, error) { return b.publishWatermill(topic, size, n/10) }},
	)
}

func (b *bench) publishOurs(topic string, size, n int) (sample, error) {
	producer, err := eventbus.NewProducer(franzbus.New(franzbus.Config{Brokers: b.brokers}), eventbus.ProducerConfig{})
	if err != nil {
		return sample{}, err
	}
	defer func() { _ = producer.Close() }()
	ctx, body := context.Background(), payload(size)
	slice := make([]*eventbus.Message, sliceSize)
	for i := range slice {
		if slice[i], err = eventbus.NewMessage(topic, "Benchmarked", fmt.Sprint("key-", i), body); err != nil {
			return sample{}, err
		}
	}
	publish := func() error { return producer.Publish(ctx, slice...) }
	if err := publish(); err != nil { // connections and metadata
		return sample{}, err
	}
	return measure(n, func() error {
		for range n / sliceSize {
			if err := publish(); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) publishFranz(topic string, size, n int) (sample, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...), kgo.ProducerLinger(0),
		kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return sample{}, err
	}
	defer client.Close()
	body := make([]byte, size+150) // as large as our envelope
	headers := []kgo.RecordHeader{
		{Key: "event_type", Value: []byte("Benchmarked")}, {Key: "message_id", Value: make([]byte, 36)},
	}
	slice, keys := make([]*kgo.Record, sliceSize), make([][]byte, sliceSize)
	for i := range keys {
		keys[i] = []byte(fmt.Sprint("key-", i))
	}
	publish := func() error {
		for i := range slice {
			slice[i] = &kgo.Record{Topic: topic, Key: keys[i], Value: body, Headers: headers}
		}
		return client.ProduceSync(context.Background(), slice...).FirstErr()
	}
	if err := publish(); err != nil {
		return sample{}, err
	}
	return measure(n, func() error {
		for range n / sliceSize {
			if err := publish(); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) publishWatermill(topic string, size, n int) (sample, error) {
	pub, err := kafka.NewPublisher(kafka.PublisherConfig{Brokers: b.brokers}, watermill.NopLogger{})
	if err != nil {
		return sample{}, err
	}
	defer func() { _ = pub.Close() }()
	body := make([]byte, size+150)
	publish := func() error {
		slice := make([]*message.Message, sliceSize)
		for i := range slice {
			slice[i] = message.NewMessage(watermill.NewUUID(), body)
		}
		return pub.Publish(topic, slice...)
	}
	if err := publish(); err != nil {
		return sample{}, err
	}
	return measure(n, func() error {
		for range n / sliceSize {
			if err := publish(); err != nil {
				return err
			}
		}
		return nil
	})
}
