package eventbus

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"
)

// Kind is what an Observation is about.
type Kind int

// The kinds of observations.
const (
	Published    Kind = iota // a message reached the broker, or did not (Err)
	Started                  // a message is in flight
	Finished                 // a message is no longer in flight; Duration, and Err when it will come again
	Failed                   // an attempt failed (Err)
	Retried                  // a message was put off to a retry topic
	DeadLettered             // a message went to the dead-letter topic; Reason
	Ignored                  // no callback wants the event type
	Paused                   // a topic is paused because its downstream is out (Err)
	Resumed                  // that topic goes on
)

// Observation is one thing that happened to one message, or to one topic.
type Observation struct {
	Kind      Kind
	Topic     string
	Group     string // "" for a producer
	EventType string // "" when unknown
	Reason    string // of DeadLettered
	Duration  time.Duration
	Err       error
}

// Observer is told what happens, on the goroutine it happens on: it must be
// quick and safe for concurrent use. When it panics, that is logged, and nothing
// else comes of it. Package eventbusprom has one for Prometheus.
type Observer interface {
	Observe(o Observation)
}

// tell lets the observer know, and survives it.
func tell(observer Observer, logger *slog.Logger, o Observation) {
	defer func() {
		if p := recover(); p != nil {
			logger.Error("eventbus: observer panicked", "topic", o.Topic, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	observer.Observe(o)
}

type noObserver struct{}

func (noObserver) Observe(Observation) {}

// Tracer surrounds publishing and handling with spans. Both calls return the
// context to go on with and a function that ends the span. Publishing may write
// the span's context into msg.TraceID. Package eventbusotel has one for OpenTelemetry.
type Tracer interface {
	Publish(ctx context.Context, msg *Message) (context.Context, func(error))
	Handle(ctx context.Context, group string, msg *Message) (context.Context, func(error))
}

// passTrace makes no spans.
type passTrace struct{}

func (passTrace) Publish(ctx context.Context, _ *Message) (context.Context, func(error)) {
	return ctx, endNothing
}

func (passTrace) Handle(ctx context.Context, _ string, _ *Message) (context.Context, func(error)) {
	return ctx, endNothing
}

func endNothing(error) {}
