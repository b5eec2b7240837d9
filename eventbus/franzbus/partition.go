package franzbus

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
)

// redeliverAfter is the pause before a record that was refused is handed out again.
const redeliverAfter = 100 * time.Millisecond

// backlogWindows is how many windows of fetched records may wait before fetching
// is paused. A pause throws fetched records away, so it is for slow handlers only.
const backlogWindows = 4

// entry is one record and its place in the partition's sequence. handed is the
// record as the handler knows it, once it was handed out.
type entry struct {
	rec    *kgo.Record
	seq    uint64
	handed *eventbus.Record
}

// partition is one assignment of a partition: its lanes and its position.
//
// Records get a sequence number when they are handed out. ring remembers, from
// head to tail, which are finished; head only moves over finished ones, and the
// position to commit is behind the last it moved over. The window reaches from
// what is committed to tail: it is what a crash repeats.
type partition struct {
	topic  *topic
	id     int32
	window uint64
	// assignment is what the records' Assignment says.
	assignment uint64
	pool       *pool
	ctx        context.Context //nolint:containedctx // of the handlers; ends when a drain is cut short
	cancel     context.CancelCauseFunc
	paused     atomic.Bool // fetching is

	mu        sync.Mutex
	lanes     map[string]*lane
	holding   map[*lane]*time.Timer // lanes that wait
	backlog   []*kgo.Record         // fetched, beyond the window
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
		topic: t, id: id, window: uint64(t.sub.cfg.Window), pool: &t.sub.pool, ctx: ctx, cancel: cancel,
		assignment: t.sub.assignments.Add(1),
		lanes:      make(map[string]*lane), holding: make(map[*lane]*time.Timer), drained: make(chan struct{}),
	}
}

// add takes fetched records over; it reports whether fetching should pause
// because the window is full.
func (p *partition) add(recs []*kgo.Record) (full bool) {
	p.mu.Lock()
	if p.draining {
		p.mu.Unlock()
		return false
	}
	p.backlog = append(p.backlog, recs...)
	lanes := p.dispatchLocked()
	full = uint64(len(p.backlog)) > backlogWindows*p.window
	p.mu.Unlock()
	p.pool.add(lanes)
	return full
}

// dispatchLocked moves records from the backlog to lanes while the window has
// room, and returns the lanes that became active.
func (p *partition) dispatchLocked() []*lane {
	if p.topic.sub.cfg.Group == "" {
		p.committed = p.head // nothing is ever committed
	}
	room := min(p.window-(p.tail-p.committed), uint64(len(p.backlog)))
	if room == 0 || p.draining {
		return nil
	}
	p.growLocked(room)
	var active []*lane
	for _, rec := range p.backlog[:room] {
		p.ring[p.tail%uint64(len(p.ring))] = slot{next: kgo.EpochOffset{Epoch: rec.LeaderEpoch, Offset: rec.Offset + 1}}
		l, isNew := p.laneLocked(rec)
		l.queue = append(l.queue, entry{rec: rec, seq: p.tail})
		if isNew {
			active = append(active, l)
		}
		p.tail++
	}
	p.backlog = p.backlog[room:]
	if len(p.backlog) == 0 {
		p.backlog = nil
	}
	return active
}

func (p *partition) laneLocked(rec *kgo.Record) (l *lane, isNew bool) {
	if rec.Key == nil {
		return &lane{part: p}, true
	}
	if l, ok := p.lanes[string(rec.Key)]; ok {
		return l, false
	}
	l = &lane{part: p, key: string(rec.Key), keyed: true}
	p.lanes[l.key] = l
	return l, true
}

// growLocked makes the ring hold the window as far as it is used.
func (p *partition) growLocked(more uint64) {
	used := p.tail - p.head
	if used+more <= uint64(len(p.ring)) {
		return
	}
	size := max(64, uint64(len(p.ring)))
	for size < used+more {
		size *= 2
	}
	ring := make([]slot, size)
	for seq := p.head; seq < p.tail; seq++ {
		ring[seq%size] = p.ring[seq%uint64(len(p.ring))]
	}
	p.ring = ring
}

// run handles what is queued in a lane until it is empty, held or drained.
func (p *partition) run(l *lane) {
	var batch []entry
	rec := new(eventbus.Record) // used again for each record
	for {
		p.mu.Lock()
		if len(l.queue) == 0 {
			if l.keyed {
				delete(p.lanes, l.key)
			}
			p.mu.Unlock()
			return
		}
		batch, l.queue = l.queue, batch[:0]
		started := p.startLocked(batch[0].seq)
		p.mu.Unlock()
		for i := range batch {
			switch p.handle(l, batch[i:], rec, started) {
			case handled:
				started = p.finish(batch[i:])
				batch[i] = entry{}
				continue
			case dropped:
				p.abandon(l, batch[i:])
			case held: // the rest is back in the lane
			}
			return
		}
	}
}

// outcome is what became of a record.
type outcome int

const (
	handled outcome = iota
	dropped         // because of a drain
	held            // to be handed out later, with its lane
)

// handle sees the first of a batch through, as far as that is possible now.
func (p *partition) handle(l *lane, batch []entry, rec *eventbus.Record, started bool) outcome {
	if !started {
		return dropped
	}
	e := &batch[0]
	if e.handed != nil {
		rec = e.handed // the handler has seen it before
	} else {
		fromKafka(e.rec, rec).Assignment = p.assignment
	}
	for {
		err := p.topic.handle(p.ctx, rec)
		if err == nil {
			return handled
		}
		if later, ok := errors.AsType[*eventbus.LaterError](err); ok {
			kept := *rec
			e.handed = &kept
			return p.hold(l, batch, later.At)
		}
		if !p.pause() {
			return dropped
		}
	}
}

// pause waits before a redelivery; false when the partition drains.
func (p *partition) pause() bool {
	timer := time.NewTimer(redeliverAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.draining
}

// startLocked reports whether a record may be handled.
func (p *partition) startLocked(seq uint64) bool {
	if p.draining && seq >= p.stopAt {
		return false
	}
	p.started = max(p.started, seq+1)
	return true
}

// finish marks the first of a batch done, moves the position over the finished
// prefix, and reports whether the next of the batch may be handled.
func (p *partition) finish(batch []entry) (started bool) {
	p.mu.Lock()
	seq := batch[0].seq
	advanced := p.advanceLocked(seq)
	// Half a window is a large step to commit, and to refill, in.
	due := len(p.backlog) > 0 && p.head-p.committed >= (p.window+1)/2
	p.settleLocked(seq)
	if len(batch) > 1 {
		started = p.startLocked(batch[1].seq)
	}
	p.mu.Unlock()
	if advanced {
		p.topic.sub.advanced(due)
	}
	if due && p.topic.sub.cfg.Group == "" {
		p.refill(0)
	}
	return started
}

// refill takes in that everything up to seq is committed, and hands out as much
// as the window then has room for.
func (p *partition) refill(seq uint64) {
	p.mu.Lock()
	p.committed = max(p.committed, seq)
	lanes := p.dispatchLocked()
	resume := uint64(len(p.backlog)) <= p.window
	p.mu.Unlock()
	p.pool.add(lanes)
	if resume && p.paused.CompareAndSwap(true, false) {
		p.topic.sub.resume(p)
	}
}

func (p *partition) advanceLocked(seq uint64) bool {
	size := uint64(len(p.ring))
	p.ring[seq%size].done = true
	from := p.head
	for p.head < p.tail && p.ring[p.head%size].done {
		p.position = p.ring[p.head%size].next
		p.head++
	}
	p.dirty = p.dirty || p.head > from
	return p.head > from
}
