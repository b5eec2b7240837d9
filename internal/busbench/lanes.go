package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

const maxWait = 500 * time.Millisecond

// envelope is our envelope as a team without us would write it.
type envelope struct {
	ID        string            `json:"id"`
	EventType string            `json:"event_type"`
	Payload   json.RawMessage   `json:"payload"`
	TraceID   map[string]string `json:"trace_id"`
	Timestamp time.Time         `json:"timestamp"`
}

// lanes: one partition, 64 keys, a handler of 10 ms. One message in flight per
// partition would make 100 a second.
func (b *bench) lanes() error {
	const keys, each = 64, 250
	topic, err := b.createTopic(1)
	if err != nil {
		return err
	}
	producer, err := eventbus.NewProducer(franzbus.New(franzbus.Config{Brokers: b.brokers}), eventbus.ProducerConfig{})
	if err != nil {
		return err
	}
	defer func() { _ = producer.Close() }()
	for n := range each {
		slice := make([]*eventbus.Message, keys)
		for k := range slice {
			if slice[k], err = eventbus.NewMessage(topic, "Benchmarked", fmt.Sprint("key-", k), n); err != nil {
				return err
			}
		}
		if err := producer.Publish(context.Background(), slice...); err != nil {
			return err
		}
	}
	return b.compare("one partition, 64 keys, handler of 10 ms", "msg/s", []string{">= 5000 msg/s"},
		contender{"eventbus on franzbus", func() (sample, error) { return b.runLanes(topic, keys, each) }},
		contender{"one in flight (computed)", func() (sample, error) { return sample{rate: 100}, nil }},
	)
}

func (b *bench) runLanes(topic string, keys, each int) (sample, error) {
	consumer, err := eventbus.NewConsumer(franzbus.New(franzbus.Config{Brokers: b.brokers}),
		eventbus.ConsumerConfig{Group: b.name("group"), Window: keys * each})
	if err != nil {
		return sample{}, err
	}
	defer func() { _ = consumer.Close(context.Background()) }()
	var mu sync.Mutex
	next := make(map[string]int)
	seen, disorder := 0, 0
	started, done := make(chan time.Time, 1), make(chan time.Time, 1)
	err = consumer.Register(eventbus.Registry{Topic: topic, Callback: eventbus.CallbackFunc(
		func(_ context.Context, msg *eventbus.Message) error {
			mu.Lock()
			if seen == 0 {
				started <- time.Now()
			}
			if strconv.Itoa(next[msg.Key]) != string(msg.Payload) {
				disorder++
			}
			next[msg.Key]++
			seen++
			last := seen == keys*each
			mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			if last {
				done <- time.Now()
			}
			return nil
		})})
	if err != nil {
		return sample{}, err
	}
	took := -(<-started).Sub(<-done)
	if disorder > 0 {
		return sample{}, fmt.Errorf("%d messages out of order", disorder)
	}
	return sample{rate: float64(keys*each) / took.Seconds()}, nil
}

// topics: what 100 topics registered at run time cost, beyond one.
func (b *bench) topics() error {
	const n = 100
	consumer, err := eventbus.NewConsumer(franzbus.New(franzbus.Config{Brokers: b.brokers}),
		eventbus.ConsumerConfig{Group: b.name("group")})
	if err != nil {
		return err
	}
	defer func() { _ = consumer.Close(context.Background()) }()
	registries := make([]eventbus.Registry, n+1)
	for i := range registries {
		topic, err := b.createTopic(partitions)
		if err != nil {
			return err
		}
		registries[i] = eventbus.Registry{Topic: topic, Callback: eventbus.CallbackFunc(
			func(context.Context, *eventbus.Message) error { return nil })}
	}
	assigned := func(want int) {
		for len(consumer.Assignment()) < want {
			time.Sleep(time.Millisecond)
		}
	}
	if err := consumer.Register(registries[0]); err != nil {
		return err
	}
	assigned(1)
	goroutines, sockets := runtime.NumGoroutine(), openSockets()
	start := time.Now()
	if err := consumer.Register(registries[1:]...); err != nil {
		return err
	}
	registered := time.Since(start)
	assigned(n + 1)
	took := time.Since(start)
	fmt.Printf("100 topics at run time: %d goroutines more (goal 50), %d sockets more (goal 20), registered in %s, assigned in %s (goal 500ms)\n",
		runtime.NumGoroutine()-goroutines, openSockets()-sockets, registered.Round(time.Millisecond), took.Round(time.Millisecond))
	return nil
}

// openSockets counts the sockets of this process; Linux only.
func openSockets() int {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	n := 0
	for _, fd := range fds {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && len(target) > 6 && target[:6] == "socket" {
			n++
		}
	}
	return n
}
