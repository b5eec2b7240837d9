// Package membus is an in-memory transport for tests and for programs of one
// process: topics with partitions, consumer groups and committed positions, as
// a broker has them, in a log that ends with the process.
//
// Watermill's own gochannel keeps neither order nor groups, and loses what is
// published before anyone subscribes; this transport promises what eventbus
// documents: at least once, in order per key, each message to one member of a
// group, new groups from the oldest record. Both of what it makes also work
// with a plain Watermill Router.
//
//	bus := membus.New(membus.Config{})
//	factory := eventbus.NewFactory(bus, eventbus.FactoryConfig{})
package membus

import (
	"context"
	"hash/fnv"
	"maps"
	"slices"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

// Config configures a Bus. The zero value of every field means its default.
type Config struct {
	// Partitions of each topic: how many keys are handled in parallel. Default: 4.
	Partitions int
	// Retain is how many records of a partition are kept after every group has
	// committed them, for groups that come later. Default: 10,000.
	Retain int
}

// Bus is an in-memory broker. It is safe for concurrent use and needs no closing.
type Bus struct {
	cfg    Config
	mu     sync.Mutex
	topics map[string][]*partition
}

// New returns an empty bus.
func New(cfg Config) *Bus {
	if cfg.Partitions <= 0 {
		cfg.Partitions = 4
	}
	if cfg.Retain <= 0 {
		cfg.Retain = 10_000
	}
	return &Bus{cfg: cfg, topics: make(map[string][]*partition)}
}

// Publisher implements eventbus.Transport.
func (b *Bus) Publisher(eventbus.ProducerConfig) (message.Publisher, error) {
	return &publisher{bus: b}, nil
}

// Subscriber implements eventbus.Transport. Without a group, every Subscribe
// gets every record.
func (b *Bus) Subscriber(cfg eventbus.ConsumerConfig) (message.Subscriber, error) {
	return newSubscriber(b, cfg.WithDefaults()), nil
}

// Scan implements eventbus.Scanner.
func (b *Bus) Scan(ctx context.Context, topic, group string, visit func(*eventbus.Record) error) error {
	b.mu.Lock()
	partitions := b.topics[topic]
	b.mu.Unlock()
	var recs []*eventbus.Record
	for _, p := range partitions {
		recs = append(recs, p.snapshot(group)...)
	}
	for _, rec := range recs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(rec); err != nil {
			return err
		}
	}
	return nil
}

// Topics implements eventbus.TopicLister.
func (b *Bus) Topics(context.Context) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.topics)), nil
}

func (b *Bus) partitions(topic string) []*partition {
	b.mu.Lock()
	defer b.mu.Unlock()
	ps, ok := b.topics[topic]
	if !ok {
		ps = make([]*partition, b.cfg.Partitions)
		for i := range ps {
			ps[i] = newPartition(int32(i), b.cfg.Retain)
		}
		b.topics[topic] = ps
	}
	return ps
}

func (b *Bus) append(rec *eventbus.Record) {
	ps := b.partitions(rec.Topic)
	h := fnv.New32a()
	_, _ = h.Write(rec.Key)
	ps[int(h.Sum32())%len(ps)].append(rec)
}
