package kafkabus

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

// leaveTimeout is how long Close waits, after the drain, for members to leave
// their group; a rebalance under way can hold them up for longer.
const leaveTimeout = 5 * time.Second

// maxPrefetched bounds the messages of a partition that are in memory ahead of their
// callback.
const maxPrefetched = 4096

// subscriber makes one watermill-kafka subscriber per topic, so that each can
// be drained alone.
type subscriber struct {
	transport *Transport
	cfg       eventbus.ConsumerConfig
	sarama    *sarama.Config
	logger    watermill.LoggerAdapter

	mu     sync.Mutex
	closed bool
	subs   map[*subscription]struct{}
}

func newSubscriber(t *Transport, cc eventbus.ConsumerConfig) (*subscriber, error) {
	cfg, err := t.saramaConfig(cc.Tag)
	if err != nil {
		return nil, err
	}
	cfg.Consumer.Return.Errors = true
	cfg.Consumer.Offsets.Initial = sarama.OffsetOldest
	cfg.Consumer.Offsets.AutoCommit.Enable = cc.Commit != eventbus.CommitSync
	cfg.Consumer.Offsets.AutoCommit.Interval = cc.CommitInterval
	if cc.Commit == eventbus.CommitAsync {
		cfg.Consumer.Offsets.AutoCommit.Interval = min(cc.CommitInterval, 100*time.Millisecond)
	}
	cfg.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sticky{}}
	cfg.Consumer.Group.Heartbeat.Interval = time.Second
	cfg.Consumer.Group.Rebalance.Timeout = cc.DrainTimeout + 10*time.Second // drain, then rejoin
	cfg.ChannelBufferSize = min(cc.Window, maxPrefetched)
	if cfg, err = t.finish(cfg); err != nil {
		return nil, err
	}
	// What watermill-kafka tells at Info is of interest to those who debug it.
	logger := watermill.NewSlogLoggerWithLevelMapping(cc.Logger, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	return &subscriber{
		transport: t, cfg: cc, sarama: cfg, logger: logger, subs: make(map[*subscription]struct{}),
	}, nil
}

// Subscribe implements message.Subscriber.
func (s *subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if s.isClosed() {
		return nil, eventbus.ErrClosed
	}
	if err := s.transport.ensure(topic); err != nil {
		return nil, err
	}
	sub := newSubscription(topic, s.cfg.Window)
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	sub.end, sub.life = end, life
	inner, err := kafka.NewSubscriber(kafka.SubscriberConfig{
		Brokers:               s.transport.cfg.Brokers,
		Unmarshaler:           unmarshaler{},
		OverwriteSaramaConfig: s.hurried(life),
		ConsumerGroup:         s.cfg.Group,
		Tracer:                sub,
	}, s.logger)
	if err != nil {
		end()
		return nil, err
	}
	start := time.Now()
	messages, err := inner.Subscribe(life, topic)
	if err != nil {
		end()
		if brokersGone(err) {
			return nil, s.transport.unreachable(start, err)
		}
		return nil, err
	}
	return s.run(ctx, sub, inner, messages)
}

// hurried returns the configuration of a subscription that pauses between retries only
// while it is alive: when it ends, the broker is told so, or is away. sarama's pauses
// while it looks for a coordinator to commit and to leave add up to half a minute.
func (s *subscriber) hurried(life context.Context) *sarama.Config {
	cfg := *s.sarama
	pause := cfg.Metadata.Retry.BackoffFunc
	cfg.Metadata.Retry.BackoffFunc = func(retries, maxRetries int) time.Duration {
		switch {
		case life.Err() != nil:
			return 0
		case pause != nil:
			return pause(retries, maxRetries)
		}
		return cfg.Metadata.Retry.Backoff
	}
	return &cfg
}

// run forwards messages until the subscription is drained.
func (s *subscriber) run(
	ctx context.Context, sub *subscription, inner *kafka.Subscriber, messages <-chan *message.Message,
) (<-chan *message.Message, error) {
	s.mu.Lock()
	s.subs[sub] = struct{}{}
	closed := s.closed
	s.mu.Unlock()
	unlink := context.AfterFunc(ctx, func() { sub.drain(s.cfg.DrainTimeout, s.cfg.Group == "") })
	if closed {
		sub.drain(s.cfg.DrainTimeout, s.cfg.Group == "")
	}
	out := make(chan *message.Message)
	go func() {
		sub.forward(messages, out)
		unlink()
		close(out)
		// Leaving the group can take as long as a rebalance: nobody need wait.
		sub.end()
		sub.discard(messages)
		_ = inner.Close()
		s.mu.Lock()
		delete(s.subs, sub)
		s.mu.Unlock()
		close(sub.ended)
	}()
	return out, nil
}

func (s *subscriber) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Assignment implements eventbus.Assigner.
func (s *subscriber) Assignment() map[string][]int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string][]int32)
	for sub := range s.subs {
		if partitions := sub.assigned(); len(partitions) > 0 {
			all[sub.topic] = append(all[sub.topic], partitions...)
			slices.Sort(all[sub.topic])
		}
	}
	return all
}

// Close implements message.Subscriber: it drains every subscription and leaves the
// group. It takes no longer than DrainTimeout and leaveTimeout together, also when the
// broker does not answer; it then returns an error, and sarama's goroutines end when
// its Net.ReadTimeout has passed. eventbus.Consumer.Close is bounded by its context.
func (s *subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	subs := make([]*subscription, 0, len(s.subs))
	for sub := range s.subs {
		subs = append(subs, sub)
	}
	s.mu.Unlock()
	for _, sub := range subs {
		sub.drain(s.cfg.DrainTimeout, s.cfg.Group == "")
	}
	timer := time.NewTimer(s.cfg.DrainTimeout + leaveTimeout)
	defer timer.Stop()
	for _, sub := range subs {
		select {
		case <-sub.ended:
		case <-timer.C:
			return fmt.Errorf("kafkabus: group %s not left within %s", s.cfg.Group, s.cfg.DrainTimeout+leaveTimeout)
		}
	}
	return nil
}
