package kafkabus

import (
	"context"

	"github.com/IBM/sarama"
)

// drainingHandler wraps watermill-kafka's group handler.
type drainingHandler struct {
	sarama.ConsumerGroupHandler
	sub *subscription
}

// Setup notes what was assigned.
func (h *drainingHandler) Setup(session sarama.ConsumerGroupSession) error {
	h.sub.begin(session.Claims()[h.sub.topic], session.Context().Done())
	return h.ConsumerGroupHandler.Setup(session)
}

// Cleanup runs when every claim has ended. When draining there shall be no
// further session, and what is marked is committed before anyone is told.
func (h *drainingHandler) Cleanup(session sarama.ConsumerGroupSession) error {
	h.sub.mu.Lock()
	h.sub.held = nil
	drained := h.sub.drained
	h.sub.mu.Unlock()
	if drained {
		session.Commit()
		h.sub.end()
	}
	return h.ConsumerGroupHandler.Cleanup(session)
}

// ConsumeClaim gives watermill-kafka a claim that ends with the drain or the
// session, and a session that outlives the message in flight.
func (h *drainingHandler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	if !h.enter() {
		return nil
	}
	defer h.leave()
	messages := make(chan *sarama.ConsumerMessage)
	stopped := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(stopped)
		defer close(messages)
		h.pump(session.Context(), claim.Messages(), messages, done)
	}()
	err := h.ConsumerGroupHandler.ConsumeClaim(
		lastingSession{session, context.WithoutCancel(session.Context()), h.sub}, pumpedClaim{claim, messages})
	close(done)
	<-stopped
	return err
}

func (h *drainingHandler) enter() bool {
	h.sub.mu.Lock()
	defer h.sub.mu.Unlock()
	if h.sub.drained {
		return false
	}
	h.sub.claims++
	return true
}

func (h *drainingHandler) leave() {
	h.sub.mu.Lock()
	defer h.sub.mu.Unlock()
	h.sub.claims--
}

// pump passes messages on until the session ends, the drain begins, or the
// claim is left.
func (h *drainingHandler) pump(
	session context.Context, in <-chan *sarama.ConsumerMessage, out chan<- *sarama.ConsumerMessage, done <-chan struct{},
) {
	for {
		var msg *sarama.ConsumerMessage
		select {
		case m, ok := <-in:
			if !ok {
				return
			}
			msg = m
		case <-session.Done():
			return
		case <-h.sub.draining:
			return
		case <-done:
			return
		}
		select {
		case out <- msg:
		case <-session.Done():
			return
		case <-h.sub.draining:
			return
		case <-done:
			return
		}
	}
}

type pumpedClaim struct {
	sarama.ConsumerGroupClaim
	messages <-chan *sarama.ConsumerMessage
}

func (c pumpedClaim) Messages() <-chan *sarama.ConsumerMessage { return c.messages }

// lastingSession does not end while a message is in flight: sarama commits
// what is marked when every claim was left.
type lastingSession struct {
	sarama.ConsumerGroupSession
	ctx context.Context //nolint:containedctx // replaces the embedded session's
	sub *subscription
}

func (s lastingSession) Context() context.Context { return s.ctx }

// MarkMessage marks unless the partition is spoiled, and commits when a window
// of messages was marked: what a crash repeats is never more.
func (s lastingSession) MarkMessage(msg *sarama.ConsumerMessage, metadata string) {
	if s.sub.mark(msg.Partition, func() { s.ConsumerGroupSession.MarkMessage(msg, metadata) }) {
		s.Commit()
	}
}
