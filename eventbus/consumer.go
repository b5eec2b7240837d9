package eventbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

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
	leaving  map[string]*registration // unregistered, but not done with
	closed   bool
	closing  chan struct{} // closed when Close has finished
	closeErr error
	// drains is what Unregisters wait in; it ends with the deadline of Close.
	drains  context.Context //nolint:containedctx // of many calls
	cutting context.CancelCauseFunc

	outMu sync.Mutex // guards the producer of dead letters and retries
	out   message.Publisher
}

// NewConsumer returns a consumer on the transport. It returns ErrNoGroup,
// ErrConfig, ErrUnknownClientType, or the transport's error.
func NewConsumer(transport Transport, cfg ConsumerConfig) (*Consumer, error) {
	if cfg.Group == "" {
		return nil, ErrNoGroup
	}
	cfg = cfg.WithDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	serializer, err := serializerOf(cfg.ClientType, cfg.Serializers)
	if err != nil {
		return nil, err
	}
	sub, err := transport.Subscriber(cfg)
	if err != nil {
		return nil, fmt.Errorf("eventbus: new consumer %s: %w", cfg.Group, err)
	}
	_, unobserved := cfg.Observer.(noObserver)
	c := &Consumer{
		observed: !unobserved,
		cfg:      cfg, serializer: serializer, transport: transport, sub: sub,
		regs: make(map[string]*registration), leaving: make(map[string]*registration), closing: make(chan struct{}),
	}
	c.drains, c.cutting = context.WithCancelCause(context.Background())
	return c, nil
}

// Register starts consuming the topics of the registries, all or none; one that
// is just being unregistered is waited for. It returns ErrNoTopic, ErrNoCallback,
// ErrAlreadyRegistered, ErrClosed, or the transport's error (ErrUnreachable when no
// broker answers).
func (c *Consumer) Register(registries ...Registry) error {
	regs, err := c.claim(registries)
	if err != nil {
		return err
	}
	for _, reg := range regs {
		if err = reg.start(); err != nil {
			err = fmt.Errorf("eventbus: register %s: %w", reg.topic, err)
			break
		}
	}
	for _, reg := range regs {
		close(reg.started)
	}
	if err != nil {
		return errors.Join(err, c.leave(regs))
	}
	return nil
}

// claim takes the topics for registrations that are yet to be started.
func (c *Consumer) claim(registries []Registry) ([]*registration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if err := c.registrable(registries); err != nil {
			return nil, err
		}
		i := slices.IndexFunc(registries, func(r Registry) bool { return c.leaving[r.Topic] != nil })
		if i < 0 {
			break
		}
		gone := c.leaving[registries[i].Topic].gone
		c.mu.Unlock()
		<-gone
		c.mu.Lock()
	}
	regs := make([]*registration, len(registries))
	for i, registry := range registries {
		regs[i] = c.newRegistration(registry)
		c.regs[registry.Topic] = regs[i]
	}
	return regs, nil
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
// ErrNotRegistered, having stopped none, when one of the topics is unknown. A
// callback that unregisters its own topic waits for itself, until DrainTimeout.
func (c *Consumer) Unregister(topics ...string) error {
	c.mu.Lock()
	err := c.registered(topics)
	regs := make([]*registration, 0, len(topics))
	for _, topic := range topics {
		regs = append(regs, c.regs[topic])
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return c.leave(regs)
}

// leave stops registrations that are there still.
func (c *Consumer) leave(regs []*registration) error {
	ctx, cancel := context.WithTimeout(c.drains, c.cfg.DrainTimeout)
	defer cancel()
	c.mu.Lock()
	mine := make(map[string]*registration, len(regs))
	for _, reg := range regs {
		if c.regs[reg.topic] == reg {
			delete(c.regs, reg.topic)
			c.leaving[reg.topic], mine[reg.topic] = reg, reg
		}
	}
	c.mu.Unlock()
	err := stopAll(ctx, mine)
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic := range mine {
		delete(c.leaving, topic)
	}
	return err
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
