package eventbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

// maxOutbound bounds dead letters and retries: the broker's usual limit of
// 1 MiB, less what a batch adds.
const maxOutbound = 1_030_000

// Consumer consumes topics as a member of a group. Registering a topic starts
// consuming it. All methods are safe for concurrent use.
type Consumer struct {
	cfg        ConsumerConfig
	serializer Serializer
	transport  Transport
	sub        message.Subscriber
	observed   bool // somebody observes

	mu       sync.Mutex
	regs     map[string]*registration
	closed   bool
	closing  chan struct{} // closed when Close has finished
	closeErr error

	outMu sync.Mutex // guards the producer of dead letters and retries
	out   message.Publisher
}

// NewConsumer returns a consumer on the transport. It returns ErrNoGroup,
// ErrUnknownClientType, or the transport's error.
func NewConsumer(transport Transport, cfg ConsumerConfig) (*Consumer, error) {
	if cfg.Group == "" {
		return nil, ErrNoGroup
	}
	cfg = cfg.WithDefaults()
	serializer, err := serializerOf(cfg.ClientType, cfg.Serializers)
	if err != nil {
		return nil, err
	}
	sub, err := transport.Subscriber(cfg)
	if err != nil {
		return nil, fmt.Errorf("eventbus: new consumer %s: %w", cfg.Group, err)
	}
	_, unobserved := cfg.Observer.(noObserver)
	return &Consumer{
		observed: !unobserved,
		cfg:      cfg, serializer: serializer, transport: transport, sub: sub,
		regs: make(map[string]*registration), closing: make(chan struct{}),
	}, nil
}

// Register starts consuming the topics of the registries, all or none. It
// returns ErrNoTopic, ErrNoCallback, ErrAlreadyRegistered, ErrClosed, or the
// transport's error (ErrUnreachable when no broker answers).
func (c *Consumer) Register(registries ...Registry) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.registrable(registries); err != nil {
		return err
	}
	for i, registry := range registries {
		reg, err := c.start(registry)
		if err != nil {
			for _, started := range registries[:i] {
				err = errors.Join(err, c.stopLocked(started.Topic))
			}
			return fmt.Errorf("eventbus: register %s: %w", registry.Topic, err)
		}
		c.regs[registry.Topic] = reg
	}
	return nil
}

func (c *Consumer) registrable(registries []Registry) error {
	if c.closed {
		return ErrClosed
	}
	seen := make(map[string]bool, len(registries))
	for _, registry := range registries {
		switch {
		case registry.Topic == "":
			return ErrNoTopic
		case registry.Callback == nil:
			return fmt.Errorf("%w: topic %q", ErrNoCallback, registry.Topic)
		case seen[registry.Topic] || c.regs[registry.Topic] != nil:
			return fmt.Errorf("%w: topic %q", ErrAlreadyRegistered, registry.Topic)
		}
		seen[registry.Topic] = true
	}
	return nil
}

// Unregister stops consuming the topics: it stops fetching, waits up to
// DrainTimeout for the messages in flight, and commits. It returns
// ErrNotRegistered, having stopped none, when one of the topics is unknown.
func (c *Consumer) Unregister(topics ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.registered(topics); err != nil {
		return err
	}
	var errs []error
	for _, topic := range topics {
		if c.regs[topic] != nil { // a topic may be named twice
			errs = append(errs, c.stopLocked(topic))
		}
	}
	return errors.Join(errs...)
}

func (c *Consumer) stopLocked(topic string) error {
	ctx, cancel := context.WithTimeout(context.Background(), c.cfg.DrainTimeout)
	defer cancel()
	reg := c.regs[topic]
	delete(c.regs, topic)
	return reg.stop(ctx)
}

// RegisteredTopics returns the topics registered now, sorted.
func (c *Consumer) RegisteredTopics() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	topics := make([]string, 0, len(c.regs))
	for topic := range c.regs {
		topics = append(topics, topic)
	}
	slices.Sort(topics)
	return topics
}

// Pause holds up the topics: what is being handled finishes, nothing more is
// handled until Resume. It returns ErrNotRegistered, having paused none, when one
// of the topics is unknown.
func (c *Consumer) Pause(topics ...string) error { return c.pause(true, topics) }

// Resume lets paused topics go on; errors are those of Pause.
func (c *Consumer) Resume(topics ...string) error { return c.pause(false, topics) }

func (c *Consumer) pause(paused bool, topics []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.registered(topics); err != nil {
		return err
	}
	for _, topic := range topics {
		c.regs[topic].pause(paused)
	}
	return nil
}

// check is registered for those who do not hold the mutex.
func (c *Consumer) check(topics []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.registered(topics)
}

func (c *Consumer) registered(topics []string) error {
	if c.closed {
		return ErrClosed
	}
	for _, topic := range topics {
		if c.regs[topic] == nil {
			return fmt.Errorf("%w: topic %q", ErrNotRegistered, topic)
		}
	}
	return nil
}

// Assignment returns the partitions of the registered topics that are this
// consumer's now, sorted; empty when the transport has no partitions.
func (c *Consumer) Assignment() map[string][]int32 {
	assigner, ok := c.sub.(Assigner)
	if !ok {
		return nil
	}
	all := assigner.Assignment()
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, partitions := range all {
		if c.registered([]string{topic}) != nil {
			delete(all, topic)
			continue
		}
		slices.Sort(partitions)
	}
	return all
}

// Lag returns how many records of each registered topic the group has not
// committed yet. It returns ErrUnsupported when the transport cannot tell.
func (c *Consumer) Lag(ctx context.Context) (map[string]int64, error) {
	reporter, ok := c.sub.(LagReporter)
	if !ok {
		return nil, ErrUnsupported
	}
	return reporter.Lag(ctx, c.RegisteredTopics()...)
}

// Close stops fetching, finishes what is in flight, commits, and leaves the
// group. When ctx ends first, the contexts of handlers still running are
// canceled, what they handle is not committed, and Close returns the context's
// error. Calling it again waits for the first call and returns the same.
func (c *Consumer) Close(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		<-c.closing
		return c.closeErr
	}
	c.closed = true
	regs := c.regs
	c.regs = nil
	c.mu.Unlock()
	defer close(c.closing)
	c.closeErr = errors.Join(stopAll(ctx, regs), c.sub.Close(), c.closeOutbound())
	return c.closeErr
}

func stopAll(ctx context.Context, regs map[string]*registration) error {
	errs := make(chan error, len(regs))
	for _, reg := range regs {
		go func() { errs <- reg.stop(ctx) }()
	}
	var all []error
	for range regs {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// outbound returns the publisher of dead letters and retries, made on first use.
func (c *Consumer) outbound() (RecordPublisher, error) {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	if c.out == nil {
		pub, err := c.transport.Publisher(ProducerConfig{
			Tag: c.cfg.Tag + "-dead-letters", Logger: c.cfg.Logger, MaxBytes: maxOutbound,
		}.WithDefaults())
		if err != nil {
			return nil, err
		}
		c.out = pub
	}
	return recordPublisher(c.out), nil
}

func (c *Consumer) closeOutbound() error {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	if c.out == nil {
		return nil
	}
	return c.out.Close()
}
