package kafkabus

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

// subscription drains one watermill-kafka subscription. It hooks itself in as
// the "tracer", the place where watermill-kafka lets others wrap the handler of
// sarama's group: there it hides the end of a session from the message in
// flight, so that its mark is not lost, and ends claims once they are drained.
type subscription struct {
	topic    string
	life     context.Context    //nolint:containedctx // of the watermill-kafka subscription
	end      context.CancelFunc // ends life
	draining chan struct{}
	ended    chan struct{}

	mu      sync.Mutex
	drained bool // drain was called
	claims  int  // ConsumeClaim calls running
	held    []int32
	session chan struct{}  // closed when the session ends; nil before the first
	number  uint64         // of the session
	spoiled map[int32]bool // partitions whose marks no longer count
	marked  map[int32]int  // by partition: since the last commit of ours
	window  int
}

var _ kafka.SaramaTracer = (*subscription)(nil)

func newSubscription(topic string, window int) *subscription {
	return &subscription{
		topic: topic, draining: make(chan struct{}), ended: make(chan struct{}), spoiled: make(map[int32]bool),
		marked: make(map[int32]int), window: window,
	}
}

// drain lets the messages in flight finish, but no longer than the timeout.
// groupless subscriptions keep no position and end at once.
func (s *subscription) drain(timeout time.Duration, groupless bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drained {
		return
	}
	s.drained = true
	close(s.draining)
	if s.claims == 0 || groupless {
		s.end()
		return
	}
	timer := time.AfterFunc(timeout, s.end)
	go func() {
		<-s.ended
		timer.Stop()
	}()
}

// forward hands messages on. What arrives while draining, or after its session
// ended, a message sent again after a Nack above all, is neither handed on nor
// marked.
func (s *subscription) forward(in <-chan *message.Message, out chan<- *message.Message) {
	for {
		select {
		case msg, ok := <-in:
			if !ok {
				return
			}
			s.handOver(msg, out)
		case <-s.life.Done(): // drained, or out of time
			return
		}
	}
}

func (s *subscription) handOver(msg *message.Message, out chan<- *message.Message) {
	session, number := s.current()
	select {
	case <-s.draining:
		s.spoil(msg)
		return
	case <-session:
		s.spoil(msg)
		return
	default:
	}
	msg.SetContext(eventbus.WithDraining(msg.Context(), session))
	msg.Metadata[eventbus.MetaAssignment] = number
	select {
	case out <- msg:
	case <-s.draining:
		s.spoil(msg)
	case <-session:
		s.spoil(msg)
	}
}

// discard takes what still comes from a subscription that has ended.
func (s *subscription) discard(in <-chan *message.Message) {
	for msg := range in {
		s.spoil(msg)
	}
}

// current returns when the session ends, and its number.
func (s *subscription) current() (<-chan struct{}, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.session, strconv.FormatUint(s.number, 10)
}

// begin notes a new session.
func (s *subscription) begin(partitions []int32, session <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = partitions
	clear(s.spoiled)
	clear(s.marked)
	ended := make(chan struct{})
	s.session = ended
	s.number++
	go func() {
		defer close(ended)
		select {
		case <-session:
		case <-s.draining:
		}
	}()
}

func (s *subscription) spoil(msg *message.Message) {
	s.mu.Lock()
	s.spoiled[eventbus.RecordOf(s.topic, msg).Partition] = true
	s.mu.Unlock()
	msg.Ack()
}

// mark marks a message of a partition that is not spoiled; it reports whether
// its window is full.
func (s *subscription) mark(partition int32, mark func()) (full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spoiled[partition] {
		return false
	}
	mark()
	s.marked[partition]++
	if full = s.marked[partition] >= s.window; full {
		clear(s.marked)
	}
	return full
}

func (s *subscription) assigned() []int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.held)
}

// WrapConsumerGroupHandler implements kafka.SaramaTracer.
func (s *subscription) WrapConsumerGroupHandler(h sarama.ConsumerGroupHandler) sarama.ConsumerGroupHandler {
	return &drainingHandler{ConsumerGroupHandler: h, sub: s}
}

// WrapConsumer implements kafka.SaramaTracer.
func (s *subscription) WrapConsumer(c sarama.Consumer) sarama.Consumer { return c }

// WrapPartitionConsumer implements kafka.SaramaTracer.
func (s *subscription) WrapPartitionConsumer(c sarama.PartitionConsumer) sarama.PartitionConsumer {
	return c
}

// WrapSyncProducer implements kafka.SaramaTracer.
func (s *subscription) WrapSyncProducer(_ *sarama.Config, p sarama.SyncProducer) sarama.SyncProducer {
	return p
}
