// Package deadletter works through dead letters: list, show, requeue, discard.
//
//	desk, err := deadletter.NewDesk(transport)
//	for letter, err := range desk.List(ctx, deadletter.Filter{Topic: "orders", Reason: eventbus.ReasonExhausted}) {
//		...
//		err = desk.Requeue(ctx, letter)
//	}
//
// A dead-letter topic is a log and is never changed: what was requeued or
// discarded is noted in a topic beside it, <topic>.<group>.dlq.resolved, and is
// not listed any more. A letter is resolved once: whoever requeues it later, from an
// older list or at another desk, is told that it is ErrNotFound. Requeueing publishes
// before it notes, so that a crash in between, or two desks at the same moment, may
// requeue a letter twice, with the same message id, but none is lost. A requeued message
// goes to its topic, marked for the group whose dead letter it was; consumers of
// other groups ignore it. It comes behind everything published meanwhile.
package deadletter

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

// ErrNotFound says that there is no such letter, or that it was resolved.
var ErrNotFound = errors.New("deadletter: no such letter")

// ErrValueGone says that a letter's value was too large to be kept with it, and that
// its topic does not have the record any more.
var ErrValueGone = errors.New("deadletter: the value is gone")

// maxBytes leaves it to the broker what it takes: a letter goes back to the topic
// that had it.
const maxBytes = 64 << 20

const (
	topicSuffix    = ".dlq"
	resolvedSuffix = ".resolved"
	// headerResolved names a letter, headerResolution says what became of it.
	headerResolved   = "dlq_resolved"
	headerResolution = "dlq_resolution"
	requeued         = "requeued"
	discarded        = "discarded"
)

// Letter is one message that could not be handled.
type Letter struct {
	// DLQ and ID name the letter: its dead-letter topic, and where it is there.
	DLQ, ID   string
	Topic     string // where the message was read
	Group     string // that could not handle it
	Reason    string // eventbus.ReasonUndecodable, ReasonPermanent or ReasonExhausted
	Error     string // of the last attempt
	Attempts  int
	Partition int32 // of Topic
	Offset    int64 // of Topic
	Time      time.Time
	// Omitted is how many bytes of value the letter would have had, were it not too
	// large for the broker; Record.Value is empty then, until it is requeued.
	Omitted int
	// Record is the message's record as it was, without what made it a letter.
	Record *eventbus.Record
}

// Filter chooses letters; an empty field chooses all.
type Filter struct{ Topic, Group, Reason string }

func (f Filter) matches(l *Letter) bool {
	return (f.Topic == "" || f.Topic == l.Topic) && (f.Group == "" || f.Group == l.Group) &&
		(f.Reason == "" || f.Reason == l.Reason)
}

// Desk works on the dead letters of one transport. It is safe for concurrent use.
type Desk struct {
	requeues sync.Mutex // one Requeue at a time, or two could find the same letter waiting

	scanner eventbus.Scanner
	lister  eventbus.TopicLister
	pub     message.Publisher
	out     eventbus.RecordPublisher
}

// NewDesk returns a desk, to be closed after use. It returns
// eventbus.ErrUnsupported for transports that cannot scan, or the transport's error.
func NewDesk(transport eventbus.Transport) (*Desk, error) {
	d := &Desk{}
	d.scanner, _ = transport.(eventbus.Scanner)
	d.lister, _ = transport.(eventbus.TopicLister)
	if d.scanner == nil || d.lister == nil {
		return nil, fmt.Errorf("deadletter: %w", eventbus.ErrUnsupported)
	}
	pub, err := transport.Publisher(eventbus.ProducerConfig{Tag: "dead-letter-desk", MaxBytes: maxBytes}.WithDefaults())
	if err != nil {
		return nil, fmt.Errorf("deadletter: %w", err)
	}
	d.pub = pub
	if d.out, _ = pub.(eventbus.RecordPublisher); d.out == nil {
		return nil, errors.Join(fmt.Errorf("deadletter: %w", eventbus.ErrUnsupported), pub.Close())
	}
	return d, nil
}

// Close closes the desk's connection.
func (d *Desk) Close() error { return d.pub.Close() }

// List returns the letters that wait for a decision, by topic, oldest first
// within a partition. It ends at the first error.
func (d *Desk) List(ctx context.Context, filter Filter) iter.Seq2[*Letter, error] {
	return func(yield func(*Letter, error) bool) {
		topics, err := d.lister.Topics(ctx)
		if err != nil {
			yield(nil, fmt.Errorf("deadletter: %w", err))
			return
		}
		for _, topic := range topics {
			if !strings.HasSuffix(topic, topicSuffix) {
				continue
			}
			err := d.scan(ctx, topic, func(l *Letter) bool { return !filter.matches(l) || yield(l, nil) })
			if errors.Is(err, errStop) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// Get returns one letter by its names; ErrNotFound when there is none to decide on.
func (d *Desk) Get(ctx context.Context, dlq, id string) (*Letter, error) {
	var found *Letter
	err := d.scan(ctx, dlq, func(l *Letter) bool {
		if l.ID == id {
			found = l
		}
		return found == nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return nil, err
	}
	if found == nil {
		return nil, fmt.Errorf("%w: %s in %s", ErrNotFound, id, dlq)
	}
	return found, nil
}

// Discard notes that nothing more is to be done about letters. Of one that was
// resolved before, it is noted again.
func (d *Desk) Discard(ctx context.Context, letters ...*Letter) error {
	for _, l := range letters {
		if err := d.publish(ctx, l.note(discarded)); err != nil {
			return fmt.Errorf("deadletter: discard %s of %s: %w", l.ID, l.DLQ, err)
		}
	}
	return nil
}

// publish publishes one record after the other.
func (d *Desk) publish(ctx context.Context, recs ...*eventbus.Record) error {
	for _, rec := range recs {
		for _, err := range d.out.PublishRecords(ctx, []*eventbus.Record{rec}) {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// note is the record that resolves a letter.
func (l *Letter) note(resolution string) *eventbus.Record {
	return &eventbus.Record{
		Topic: l.DLQ + resolvedSuffix, Key: []byte(l.ID), Partition: -1, Offset: -1, Timestamp: time.Now().UTC(),
		Headers: []eventbus.Header{{Key: headerResolved, Value: l.ID}, {Key: headerResolution, Value: resolution}},
	}
}

// letterID names a record of a dead-letter topic.
func letterID(rec *eventbus.Record) string {
	return strconv.Itoa(int(rec.Partition)) + "-" + strconv.FormatInt(rec.Offset, 10)
}
