package eventbus

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// DualConsumer is one consumer to its user and two beneath: the topics named
// performant go to one, all others to the other. All methods are safe for
// concurrent use.
type DualConsumer struct {
	reliable, performant *Consumer
	topics               map[string]bool // the performant ones
}

// NewDualConsumer returns a consumer over two others, which belong to it from
// then on. Consumers on different transports must be of different groups: their
// clients balance a group by different protocols, and Kafka admits one. As each
// topic belongs to one consumer, each message is still handled once. A topic that
// moves from one to the other starts at the position of its new group.
func NewDualConsumer(reliable, performant *Consumer, performantTopics ...string) *DualConsumer {
	topics := make(map[string]bool, len(performantTopics))
	for _, topic := range performantTopics {
		topics[topic] = true
	}
	return &DualConsumer{reliable: reliable, performant: performant, topics: topics}
}

// Register is Consumer.Register, each topic with its consumer; all or none.
func (d *DualConsumer) Register(registries ...Registry) error {
	var reliable, performant []Registry
	for _, r := range registries {
		if d.topics[r.Topic] {
			performant = append(performant, r)
		} else {
			reliable = append(reliable, r)
		}
	}
	if err := d.reliable.Register(reliable...); err != nil {
		return err
	}
	if err := d.performant.Register(performant...); err != nil {
		for _, r := range reliable {
			err = errors.Join(err, d.reliable.Unregister(r.Topic))
		}
		return err
	}
	return nil
}

// Unregister is Consumer.Unregister, each topic with its consumer.
func (d *DualConsumer) Unregister(topics ...string) error {
	return d.both(topics, (*Consumer).Unregister)
}

// Pause is Consumer.Pause, each topic with its consumer.
func (d *DualConsumer) Pause(topics ...string) error { return d.both(topics, (*Consumer).Pause) }

// Resume is Consumer.Resume, each topic with its consumer.
func (d *DualConsumer) Resume(topics ...string) error { return d.both(topics, (*Consumer).Resume) }

// both checks that all topics are registered before it does anything to any.
func (d *DualConsumer) both(topics []string, do func(*Consumer, ...string) error) error {
	var reliable, performant []string
	for _, topic := range topics {
		if d.topics[topic] {
			performant = append(performant, topic)
		} else {
			reliable = append(reliable, topic)
		}
	}
	if err := errors.Join(d.reliable.check(reliable), d.performant.check(performant)); err != nil {
		return err
	}
	return errors.Join(do(d.reliable, reliable...), do(d.performant, performant...))
}

// RegisteredTopics returns the topics of both, sorted.
func (d *DualConsumer) RegisteredTopics() []string {
	topics := append(d.reliable.RegisteredTopics(), d.performant.RegisteredTopics()...)
	slices.Sort(topics)
	return topics
}

// Assignment returns the partitions assigned to either.
func (d *DualConsumer) Assignment() map[string][]int32 {
	all := make(map[string][]int32)
	maps.Copy(all, d.reliable.Assignment())
	maps.Copy(all, d.performant.Assignment())
	return all
}

// Close closes both at the same time.
func (d *DualConsumer) Close(ctx context.Context) error {
	performant := make(chan error, 1)
	go func() { performant <- d.performant.Close(ctx) }()
	return errors.Join(d.reliable.Close(ctx), <-performant)
}
