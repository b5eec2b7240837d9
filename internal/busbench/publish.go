package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

const (
	sliceSize = 100
	warmUp    = 10 // slices that are not measured: they connect
	slowly    = 8  // peers that are slow, or no goal, get a part of the time
)

func payload(size int) json.RawMessage {
	return json.RawMessage(`{"text":"` + strings.Repeat("x", size-11) + `"}`)
}

func (b *bench) createTopic(partitions int32) (string, error) {
	topic := b.name("topic")
	return topic, b.admin(func(ctx context.Context, admin *kadm.Client) error {
		_, err := admin.CreateTopic(ctx, partitions, 1, nil, topic)
		return err
	})
}

// deleteTopic keeps the embedded broker, which has everything in memory, small.
func (b *bench) deleteTopic(topic string) error {
	return b.admin(func(ctx context.Context, admin *kadm.Client) error {
		_, err := admin.DeleteTopic(ctx, topic)
		return err
	})
}

func (b *bench) admin(do func(context.Context, *kadm.Client) error) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...))
	if err != nil {
		return err
	}
	defer client.Close()
	return do(context.Background(), kadm.NewClient(client))
}

// publish: slices of 100, each waited for, each round to a topic of its own.
func (b *bench) publish(size int) error {
	took := time.Duration(b.scale * float64(1400*time.Millisecond))
	on := func(run func(topic string) (sample, error)) func() (sample, error) {
		return func() (sample, error) {
			topic, err := b.createTopic(partitions)
			if err != nil {
				return sample{}, err
			}
			s, err := run(topic)
			return s, errors.Join(err, b.deleteTopic(topic))
		}
	}
	return b.compare(fmt.Sprintf("publish slices of 100, %d B", size), "msg/s", []string{">= 0.8", "", ">= 5"},
		contender{"eventbus on franzbus", on(func(t string) (sample, error) { return b.publishOurs(t, size, took) })},
		contender{"raw franz-go, ready bytes", on(func(t string) (sample, error) { return b.publishFranz(t, size, took, false) })},
		contender{"raw franz-go, encoding JSON", on(func(t string) (sample, error) { return b.publishFranz(t, size, took/slowly, true) })},
		contender{"watermill-kafka", on(func(t string) (sample, error) { return b.publishWatermill(t, size, took/slowly) })},
	)
}

func (b *bench) publishOurs(topic string, size int, took time.Duration) (sample, error) {
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
	return measureSlices(took, publish)
}

// publishFranz sends what is as large as our envelope: bytes that are there
// already, or, when encode is set, our envelope made with encoding/json.
func (b *bench) publishFranz(topic string, size int, took time.Duration, encode bool) (sample, error) {
	// The default linger, which ProduceSync cuts short: faster than none.
	client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return sample{}, err
	}
	defer client.Close()
	id, value := uuid.NewString(), make([]byte, size+150)
	headers := []kgo.RecordHeader{{Key: "event_type", Value: []byte("Benchmarked")}, {Key: "message_id", Value: []byte(id)}}
	body, now := payload(size), time.Now()
	slice, keys := make([]*kgo.Record, sliceSize), make([][]byte, sliceSize)
	for i := range keys {
		keys[i] = []byte(fmt.Sprint("key-", i))
	}
	publish := func() error {
		for i := range slice {
			if encode {
				if value, err = json.Marshal(envelope{ID: id, EventType: "Benchmarked", Payload: body, Timestamp: now}); err != nil {
					return err
				}
			}
			slice[i] = &kgo.Record{Topic: topic, Key: keys[i], Value: value, Headers: headers}
		}
		return client.ProduceSync(context.Background(), slice...).FirstErr()
	}
	return measureSlices(took, publish)
}

// measureSlices publishes slice after slice for that long, after some that warm up.
func measureSlices(took time.Duration, publish func() error) (sample, error) {
	for range warmUp {
		if err := publish(); err != nil {
			return sample{}, err
		}
	}
	n := 0
	for m := startMeter(); ; n += sliceSize {
		if time.Since(m.at) >= took {
			return m.stop(n), nil
		}
		if err := publish(); err != nil {
			return sample{}, err
		}
	}
}

func (b *bench) publishWatermill(topic string, size int, took time.Duration) (sample, error) {
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
	return measureSlices(took, publish)
}
