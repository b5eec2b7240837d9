package eventbus

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Transport is what an adapter package's New returns: it makes Watermill's two
// interfaces, on which everything else is built. What it makes belongs to the
// caller, who closes it.
//
// A subscriber keeps at most one message of a key in flight, redelivers what
// was neither acknowledged nor committed, and when the context of a Subscribe
// ends, stops fetching, waits up to ConsumerConfig.DrainTimeout for what is in
// flight, commits, and closes the channel.
type Transport interface {
	Publisher(cfg ProducerConfig) (message.Publisher, error)
	Subscriber(cfg ConsumerConfig) (message.Subscriber, error)
}

// RecordHandler handles one record; the record is done when it returns nil, and
// is delivered again, after a restart at the latest, when it does not. Neither
// keeps the Record itself once it returned, but a handler that answered with
// LaterError is given an equal one then.
type RecordHandler func(ctx context.Context, rec *Record) error

// The optional interfaces of what a Transport makes. The façade uses them when
// they are there, and the Watermill ones when they are not.
type (
	// RecordSubscriber is a subscriber that calls a handler on lanes of its own:
	// no channel and no goroutine per message. Calls for one key come one after
	// the other; others may come at the same time. stop ends the subscription as
	// the end of Subscribe's context does, but no later than its own context;
	// the context of handlers still running then is canceled.
	RecordSubscriber interface {
		SubscribeRecords(ctx context.Context, topic string, handle RecordHandler) (stop func(context.Context) error, err error)
	}
	// RecordPublisher publishes a whole slice and waits once. It returns nil, or
	// one error (or nil) per record. When it returns nil it has kept nothing of
	// the records: their memory is used again.
	RecordPublisher interface {
		PublishRecords(ctx context.Context, recs []*Record) []error
	}
	// Assigner is a subscriber that knows which partitions it was assigned, by topic.
	Assigner interface {
		Assignment() map[string][]int32
	}
	// Pauser is a subscriber that can stop fetching some topics for a while.
	Pauser interface {
		PauseTopics(topics ...string)
		ResumeTopics(topics ...string)
	}
	// LagReporter is a subscriber that knows how many records of a topic its
	// group has not committed yet.
	LagReporter interface {
		Lag(ctx context.Context, topics ...string) (map[string]int64, error)
	}
	// Scanner is a transport that can read a topic without joining a group: from
	// where the group's commits stand, or from the start when group is "", up to
	// the end at the time of the call. It stops at the first error of visit.
	Scanner interface {
		Scan(ctx context.Context, topic, group string, visit func(*Record) error) error
	}
	// TopicLister is a transport that knows the names of all topics.
	TopicLister interface {
		Topics(ctx context.Context) ([]string, error)
	}
)
