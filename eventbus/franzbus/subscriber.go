package franzbus

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
)

// rebalanceMargin is what a member may take to rejoin after it drained.
const rebalanceMargin = 10 * time.Second

// subscriber is one franz-go client for all its topics.
type subscriber struct {
	transport *Transport
	cfg       eventbus.ConsumerConfig
	client    *kgo.Client
	pool      pool
	seed      maphash.Seed // of lanes' hashes

	assignments atomic.Uint64 // counts them

	mu       sync.Mutex
	topics   map[string]*topic
	assigned map[string][]int32
	closed   bool
	closing  chan struct{}

	commitMu sync.Mutex    // one commit at a time
	kick     chan struct{} // asks for a commit soon
	loops    sync.WaitGroup
	channels sync.WaitGroup // subscriptions through a channel
	stopLoop context.CancelFunc
}

func newSubscriber(t *Transport, cfg eventbus.ConsumerConfig) (*subscriber, error) {
	s := &subscriber{
		transport: t, cfg: cfg, pool: pool{limit: cfg.Lanes}, seed: maphash.MakeSeed(), topics: make(map[string]*topic),
		assigned: make(map[string][]int32), closing: make(chan struct{}), kick: make(chan struct{}, 1),
	}
	opts := []kgo.Opt{kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(500 * time.Millisecond)}
	if cfg.Group != "" {
		opts = append(opts,
			kgo.ConsumerGroup(cfg.Group), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
			kgo.SessionTimeout(t.cfg.SessionTimeout), kgo.HeartbeatInterval(t.cfg.SessionTimeout/4),
			kgo.RebalanceTimeout(cfg.DrainTimeout+rebalanceMargin),
			kgo.OnPartitionsAssigned(s.onAssigned), kgo.OnPartitionsRevoked(s.onRevoked), kgo.OnPartitionsLost(s.onLost))
	}
	client, err := t.client(cfg.Tag, opts...)
	if err != nil {
		return nil, err
	}
	s.client = client
	ctx, cancel := context.WithCancel(context.Background())
	s.stopLoop = cancel
	s.loops.Go(func() { s.poll(ctx) })
	s.loops.Go(func() { s.commitLoop(ctx) })
	return s, nil
}

// poll hands fetched records to their partitions until ctx ends.
func (s *subscriber) poll(ctx context.Context) {
	for {
		fetches := s.client.PollFetches(ctx)
		if ctx.Err() != nil || fetches.IsClientClosed() {
			s.client.AllowRebalance()
			return
		}
		fetches.EachError(func(topic string, partition int32, err error) {
			s.cfg.Logger.Warn("franzbus: fetch", "topic", topic, "partition", partition, "error", err)
		})
		fetches.EachPartition(func(f kgo.FetchTopicPartition) {
			if len(f.Records) == 0 {
				return
			}
			if p := s.partition(f.Topic, f.Partition); p != nil && p.add(f.Records) {
				s.pause(p)
			}
		})
		s.client.AllowRebalance()
	}
}

// partition returns the partition's state, nil when its topic is not wanted.
func (s *subscriber) partition(name string, id int32) *partition {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[name]
	if t == nil || t.stopping {
		return nil
	}
	p := t.parts[id]
	if p == nil {
		p = newPartition(t, id)
		t.parts[id] = p
	}
	return p
}

func (s *subscriber) partsLocked(topics ...*topic) []*partition {
	var parts []*partition
	for _, t := range topics {
		for _, p := range t.parts {
			parts = append(parts, p)
		}
	}
	return parts
}

// pause stops fetching a partition that has enough waiting.
func (s *subscriber) pause(p *partition) {
	p.paused.Store(true)
	s.client.PauseFetchPartitions(map[string][]int32{p.topic.name: {p.id}})
	p.mu.Lock()
	emptied := uint64(len(p.backlog)) <= p.unfinished // while we paused
	p.mu.Unlock()
	if emptied && p.paused.CompareAndSwap(true, false) {
		s.resume(p)
	}
}

func (s *subscriber) resume(p *partition) {
	s.client.ResumeFetchPartitions(map[string][]int32{p.topic.name: {p.id}})
}

// PauseTopics implements eventbus.Pauser.
func (s *subscriber) PauseTopics(topics ...string) { s.client.PauseFetchTopics(topics...) }

// ResumeTopics implements eventbus.Pauser.
func (s *subscriber) ResumeTopics(topics ...string) { s.client.ResumeFetchTopics(topics...) }

// Assignment implements eventbus.Assigner.
func (s *subscriber) Assignment() map[string][]int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string][]int32, len(s.assigned))
	for topic, partitions := range s.assigned {
		if s.topics[topic] != nil && len(partitions) > 0 {
			all[topic] = slices.Clone(partitions)
		}
	}
	return all
}

// Close implements message.Subscriber: it drains, commits and leaves the group.
func (s *subscriber) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	topics := make([]*topic, 0, len(s.topics))
	for _, t := range s.topics {
		topics = append(topics, t)
	}
	s.mu.Unlock()
	if !first {
		s.loops.Wait()
		return nil
	}
	close(s.closing)
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
	defer cancel()
	var stopping sync.WaitGroup
	for _, t := range topics {
		stopping.Go(func() {
			if err := t.stop(ctx); err != nil {
				s.cfg.Logger.Warn("franzbus: close", "topic", t.name, "error", err)
			}
		})
	}
	stopping.Wait()
	s.channels.Wait()
	s.stopLoop()
	s.loops.Wait()
	s.client.CloseAllowingRebalance()
	return nil
}
