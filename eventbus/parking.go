package eventbus

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// parkingRefresh is how old the view of the retry topics may be when it holds
// a message up.
const parkingRefresh = time.Second

// parkingLimit is how much may be noted before the view is taken anew, which
// forgets what needs no memory any more.
const parkingLimit = 10_000

// parking knows which keys of a topic have messages in its retry topics, so
// that later messages of those keys follow them there and order is kept.
//
// A message goes to a higher retry topic before it leaves a lower one, and only
// the member that has a partition, of the topic or of a retry topic, adds its keys
// to those above. So a view is complete that was taken, lowest retry topic first,
// since the partition came to this member, plus what this member added after. Keys
// are let go by taking the view anew; what this member finished since does not
// count, committed or not.
type parking struct {
	c      *Consumer
	topic  string
	tiers  int
	scan   Scanner // nil: only what this member added is known
	viewed sync.Mutex

	mu    sync.Mutex
	seen  map[origin]uint64       // assignment of a partition that the view covers
	keys  []map[string]int        // by tier-1: key → sequence of the last addition; 0 from the view
	done  []map[position]struct{} // by tier-1: finished here, perhaps not committed yet
	added int                     // sequence of additions
	notes int                     // in keys and done, since the view
	taken time.Time               // of the view
}

// origin is a partition of the topic (tier 0) or of a retry topic.
type origin struct {
	tier      int
	partition int32
}

type position struct {
	partition int32
	offset    int64
}

func newParking(c *Consumer, topic string, tiers int) *parking {
	p := &parking{c: c, topic: topic, tiers: tiers, seen: make(map[origin]uint64)}
	p.scan, _ = c.transport.(Scanner)
	for range tiers {
		p.keys = append(p.keys, make(map[string]int))
		p.done = append(p.done, make(map[position]struct{}))
	}
	return p
}

// behind returns the retry topic that a message of the key, read from tier, has
// to follow its predecessors to; 0 when it may be handled.
func (p *parking) behind(ctx context.Context, rec *Record, tier int) (int, error) {
	if len(rec.Key) == 0 || tier == p.tiers {
		return 0, nil
	}
	if p.stale(rec, tier) {
		if err := p.refresh(ctx, rec, tier); err != nil {
			return 0, err
		}
	}
	return p.lookup(string(rec.Key), tier), nil
}

func (p *parking) lookup(key string, tier int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := tier; i < p.tiers; i++ {
		if _, parked := p.keys[i][key]; parked {
			return i + 1
		}
	}
	return 0
}

// stale reports whether the view must be taken anew before the record: because
// its partition is new here, or because an old view would hold it up, or has grown.
func (p *parking) stale(rec *Record, tier int) bool {
	held := p.lookup(string(rec.Key), tier) > 0
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[origin{tier, rec.Partition}] != rec.Assignment {
		return true
	}
	return (held || p.notes > parkingLimit) && time.Since(p.taken) > parkingRefresh
}

func (p *parking) refresh(ctx context.Context, rec *Record, tier int) error {
	p.viewed.Lock()
	defer p.viewed.Unlock()
	if !p.stale(rec, tier) {
		return nil // another message did it meanwhile
	}
	p.mu.Lock()
	since := p.added
	p.notes = 0
	p.mu.Unlock()
	view := make([]map[string]int, p.tiers)
	found := make([]map[position]struct{}, p.tiers)
	for i := range p.tiers {
		var err error
		if view[i], found[i], err = p.view(ctx, i); err != nil {
			return fmt.Errorf("eventbus: look into retry topics of %s: %w", p.topic, err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.tiers {
		for key, n := range p.keys[i] {
			if n > since || p.scan == nil {
				view[i][key] = n
			}
		}
		p.keys[i], p.done[i] = view[i], found[i]
	}
	p.taken = time.Now()
	p.seen[origin{tier, rec.Partition}] = rec.Assignment
	return nil
}

// view returns the keys that wait in one retry topic, and which of the records
// there were finished here already.
func (p *parking) view(ctx context.Context, i int) (map[string]int, map[position]struct{}, error) {
	keys, finished := make(map[string]int), make(map[position]struct{})
	if p.scan == nil {
		return keys, finished, nil
	}
	err := p.scan.Scan(ctx, RetryTopic(p.topic, p.c.cfg.Group, i+1), p.c.cfg.Group, func(rec *Record) error {
		at := position{rec.Partition, rec.Offset}
		p.mu.Lock()
		_, done := p.done[i][at]
		p.mu.Unlock()
		if done {
			finished[at] = struct{}{}
		} else {
			keys[string(rec.Key)] = 0
		}
		return nil
	})
	return keys, finished, err
}

// add notes that a message of the key is in the retry topic of that tier.
func (p *parking) add(key []byte, tier int) {
	if len(key) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.added++
	p.notes++
	p.keys[tier-1][string(key)] = p.added
}

// finished notes that a record of a retry topic needs nothing more here.
func (p *parking) finished(rec *Record, tier int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes++
	p.done[tier-1][position{rec.Partition, rec.Offset}] = struct{}{}
}
