package membus

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

type subscriber struct {
	bus    *Bus
	cfg    eventbus.ConsumerConfig
	closed context.Context //nolint:containedctx // the subscriber's life
	close  context.CancelFunc

	mu   sync.Mutex
	subs sync.WaitGroup
	held map[string]map[int32]int // topic, partition → deliveries owned
}

func newSubscriber(bus *Bus, cfg eventbus.ConsumerConfig) *subscriber {
	s := &subscriber{bus: bus, cfg: cfg, held: make(map[string]map[int32]int)}
	s.closed, s.close = context.WithCancel(context.Background())
	return s
}

// Subscribe implements message.Subscriber.
func (s *subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Err() != nil {
		return nil, eventbus.ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(s.closed, cancel)
	group, transient := s.cfg.Group, s.cfg.Group == ""
	if transient {
		group = watermill.NewUUID()
	}
	out := make(chan *message.Message)
	var partitions sync.WaitGroup
	for _, p := range s.bus.partitions(topic) {
		c := p.cursor(group)
		partitions.Go(func() {
			s.deliver(ctx, topic, p, c, out)
			if transient {
				p.forget(group)
			}
		})
	}
	s.subs.Go(func() {
		partitions.Wait()
		unlink()
		cancel()
		close(out)
	})
	return out, nil
}

// deliver waits until this member owns the partition, then hands over record
// after record, each until it is acknowledged.
func (s *subscriber) deliver(ctx context.Context, topic string, p *partition, c *cursor, out chan<- *message.Message) {
	select {
	case c.owner <- struct{}{}:
	case <-ctx.Done():
		return
	}
	s.own(topic, p.id, 1)
	assignment := p.assigned()
	defer func() {
		s.own(topic, p.id, -1)
		<-c.owner
	}()
	for {
		rec := p.read(ctx, c)
		if rec == nil || !s.handOver(ctx, rec, assignment, out) {
			return
		}
		p.commit(c, rec.Offset+1)
	}
}

// handOver reports whether the record was acknowledged.
func (s *subscriber) handOver(
	ctx context.Context, rec *eventbus.Record, assignment uint64, out chan<- *message.Message,
) bool {
	msgCtx, cancel := context.WithCancel(eventbus.WithDraining(context.WithoutCancel(ctx), ctx.Done()))
	defer cancel()
	handed := *rec
	handed.Assignment = assignment
	for {
		msg := handed.Watermill(msgCtx)
		select {
		case out <- msg:
		case <-ctx.Done():
			return false
		}
		select {
		case <-msg.Acked():
			return true
		case <-msg.Nacked():
			if ctx.Err() != nil {
				return false
			}
		case <-ctx.Done():
			return s.drained(msg)
		}
	}
}

func (s *subscriber) drained(msg *message.Message) bool {
	timer := time.NewTimer(s.cfg.DrainTimeout)
	defer timer.Stop()
	select {
	case <-msg.Acked():
		return true
	case <-msg.Nacked():
	case <-timer.C:
	}
	return false
}

func (s *subscriber) own(topic string, partition int32, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[topic] == nil {
		s.held[topic] = make(map[int32]int)
	}
	s.held[topic][partition] += n
	if s.held[topic][partition] == 0 {
		delete(s.held[topic], partition)
	}
}

// Assignment implements eventbus.Assigner.
func (s *subscriber) Assignment() map[string][]int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string][]int32, len(s.held))
	for topic, partitions := range s.held {
		for p := range partitions {
			all[topic] = append(all[topic], p)
		}
	}
	return all
}

// Lag implements eventbus.LagReporter.
func (s *subscriber) Lag(_ context.Context, topics ...string) (map[string]int64, error) {
	lag := make(map[string]int64, len(topics))
	for _, topic := range topics {
		for _, p := range s.bus.partitions(topic) {
			lag[topic] += p.lag(s.cfg.Group)
		}
	}
	return lag, nil
}

// Close implements message.Subscriber.
func (s *subscriber) Close() error {
	s.mu.Lock()
	s.close()
	s.mu.Unlock()
	s.subs.Wait()
	return nil
}
