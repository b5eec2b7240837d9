package franzbus

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// maxUnfinished bounds the records of a partition that were handed out and are not
	// finished, and so what is held in memory for slow handlers. The rest of a large
	// window is for fast ones: they go on while a commit, of 10 ms and more, is under way.
	maxUnfinished = 4096
	// backlogFactor times as many may wait before fetching is paused. A pause throws
	// fetched records away, so it is for slow handlers only.
	backlogFactor = 4
)

// partition is one assignment of a partition: its lanes and its position.
//
// Records get a sequence number when they leave the backlog. ring remembers, from
// head to tail, which are finished; head only moves over finished ones, and the
// position to commit is behind the last it moved over. The window reaches from
// what is committed to tail: it is what a crash repeats.
type partition struct {
	topic      *topic
	id         int32
	window     uint64
	unfinished uint64 // at most, of the window
	// assignment is what the records' Assignment says.
	assignment uint64
	pool       *pool
	ctx        context.Context //nolint:containedctx // of the handlers; ends when a drain is cut short
	cancel     context.CancelCauseFunc
	paused     atomic.Bool // fetching is

	mu        sync.Mutex
	backlog   []*kgo.Record         // fetched, and not looked at
	lanes     laneSet               // while a record of their key is not finished
	holding   map[*lane]*time.Timer // lanes that wait for a time
	ready     []*lane               // lanes that waited
	asked     bool                  // the pool was asked for a worker, who has not come
	ring      []slot
	committed uint64          // up to here the broker knows
	head      uint64          // first unfinished
	tail      uint64          // next to hand out
	started   uint64          // one more than the newest started
	position  kgo.EpochOffset // to commit; Offset 0 before any record finished
	dirty     bool            // position was not committed
	draining  bool            // nothing from stopAt on is started any more
	stopAt    uint64
	pending   int           // records before stopAt that are neither finished nor abandoned
	drained   chan struct{} // closed when draining and nothing is pending
}

type slot struct {
	next kgo.EpochOffset // position once this one is finished
	done bool
}

func newPartition(t *topic, id int32) *partition {
	ctx, cancel := context.WithCancelCause(t.ctx)
	return &partition{
		topic: t, id: id, pool: &t.sub.pool, ctx: ctx, cancel: cancel,
		window: uint64(t.sub.cfg.Window), unfinished: uint64(min(t.sub.cfg.Window, maxUnfinished)),
		assignment: t.sub.assignments.Add(1),
		holding:    make(map[*lane]*time.Timer), drained: make(chan struct{}),
	}
}

// add takes fetched records over; it reports whether fetching should pause.
func (p *partition) add(recs []*kgo.Record) (full bool) {
	p.mu.Lock()
	if p.draining {
		p.mu.Unlock()
		return false
	}
	if len(p.backlog) == 0 {
		p.backlog = recs
	} else {
		p.backlog = append(p.backlog, recs...)
	}
	full = uint64(len(p.backlog)) > backlogFactor*p.unfinished
	p.unlock()
	return full
}

// unlock ends what changed the partition, and sees to what is to do now.
func (p *partition) unlock() {
	ask := !p.asked && (len(p.ready) > 0 || p.hasRoomLocked())
	p.asked = p.asked || ask
	// Half a window is a large step to commit, and to go on, in.
	due := p.dirty && len(p.backlog) > 0 && p.head-p.committed >= (p.window+1)/2
	resume := uint64(len(p.backlog)) <= p.unfinished
	p.mu.Unlock()
	if ask {
		p.pool.ask(p)
	}
	if due {
		p.topic.sub.commitSoon()
	}
	if resume && p.paused.Load() && p.paused.CompareAndSwap(true, false) {
		p.topic.sub.resume(p)
	}
}

// hasRoomLocked reports whether a record may leave the backlog.
func (p *partition) hasRoomLocked() bool {
	if p.topic.sub.cfg.Group == "" {
		p.committed = p.head // nothing is ever committed
	}
	return len(p.backlog) > 0 && !p.draining && p.tail-p.head < p.unfinished && p.tail-p.committed < p.window
}

// numberLocked takes a record from the backlog and gives it its place in the sequence.
func (p *partition) numberLocked() entry {
	rec := p.backlog[0]
	p.backlog = p.backlog[1:]
	if p.tail-p.head == uint64(len(p.ring)) {
		p.growLocked()
	}
	e := entry{rec: rec, seq: p.tail}
	*p.slotLocked(e.seq) = slot{next: kgo.EpochOffset{Epoch: rec.LeaderEpoch, Offset: rec.Offset + 1}}
	p.tail++
	return e
}

func (p *partition) slotLocked(seq uint64) *slot { return &p.ring[seq&uint64(len(p.ring)-1)] }

// growLocked doubles the ring; its size is a power of two.
func (p *partition) growLocked() {
	old := p.ring
	p.ring = make([]slot, max(64, 2*len(old)))
	for seq := p.head; seq < p.tail; seq++ {
		*p.slotLocked(seq) = old[seq&uint64(len(old)-1)]
	}
}

// doneLocked marks a record finished, moves the position over the finished prefix,
// and reports whether it moved.
func (p *partition) doneLocked(seq uint64) (moved bool) {
	p.slotLocked(seq).done = true
	for p.head < p.tail && p.slotLocked(p.head).done {
		p.position = p.slotLocked(p.head).next
		p.head++
		moved = true
	}
	p.dirty = p.dirty || moved
	p.settleLocked(seq)
	return moved
}

// committedTo takes in that the broker knows of everything up to seq.
func (p *partition) committedTo(seq uint64) {
	p.mu.Lock()
	p.committed = max(p.committed, seq)
	p.unlock()
}
