package franzbus

import (
	"errors"
	"hash/maphash"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
)

// redeliverAfter is the pause before a record that was refused is handed out again.
const redeliverAfter = 100 * time.Millisecond

// entry is one record and its place in the partition's sequence. handed is the
// record as the handler knows it, once it has to be handed out again.
type entry struct {
	rec    *kgo.Record
	seq    uint64
	handed *eventbus.Record
}

// lane is a record being handled, or held, and the later ones of its key that
// were met meanwhile. A record without a key has a lane of its own. Lanes are known
// by the hash of their key: keys that share it are handled one after the other.
type lane struct {
	entry // only for the worker that has the lane
	keyed bool
	hash  uint64
	queue []entry // guarded by the partition's mutex
	at    int     // in the laneSet; guarded likewise
}

// work handles records, in the order they were fetched, until nothing is left to
// do or the worker is wanted elsewhere. While a handler takes its time, other
// workers go on behind it: only records of the same key wait.
func (p *partition) work() {
	var in reader
	p.mu.Lock()
	p.asked = false
	for l := p.next(new(lane)); l != nil; {
		switch p.handle(l, &in) {
		case handled:
			l = p.finish(l)
		case dropped:
			p.abandon(l)
			return
		case held:
			p.mu.Lock()
			l = p.next(new(lane))
		}
	}
}

// next unlocks the partition and returns the lane to work on now, or nil: one that
// waited, or free with the next record whose key nobody handles.
func (p *partition) next(free *lane) *lane {
	defer p.unlock()
	if p.draining {
		return nil
	}
	if len(p.ready) > 0 {
		l := p.ready[0]
		p.ready = p.ready[1:]
		return l
	}
	for p.hasRoomLocked() {
		if l := p.enterLocked(p.numberLocked(), free); l != nil {
			p.started = max(p.started, l.seq+1)
			return l
		}
	}
	return nil
}

// enterLocked lets a record into the lane that its key has already, or makes free
// its lane and returns it.
func (p *partition) enterLocked(e entry, free *lane) *lane {
	free.entry, free.keyed = e, e.rec.Key != nil
	if !free.keyed {
		return free
	}
	free.hash = maphash.Bytes(p.topic.sub.seed, e.rec.Key)
	if l := p.lanes.find(free.hash); l != nil {
		l.queue = append(l.queue, e)
		return nil
	}
	p.lanes.add(free)
	return free
}

// finish takes in that the lane's record is finished, and returns the lane to
// work on now, or nil.
func (p *partition) finish(l *lane) *lane {
	p.mu.Lock()
	moved := p.doneLocked(l.seq)
	next := l
	switch {
	case p.shiftLocked(l):
		p.unlock()
	case p.pool.crowded.Load(): // let others have the worker
		next = nil
		p.unlock()
	default:
		next = p.next(l)
	}
	if moved {
		p.topic.sub.advanced()
	}
	return next
}

// shiftLocked moves the lane to its next record; it ends the lane when there is
// none, or none may be started any more.
func (p *partition) shiftLocked(l *lane) bool {
	if len(l.queue) == 0 || p.draining && l.queue[0].seq >= p.stopAt {
		if l.keyed {
			p.lanes.remove(l)
		}
		l.queue = nil
		return false
	}
	l.entry = l.queue[0]
	l.queue[0] = entry{}
	l.queue = l.queue[1:]
	p.started = max(p.started, l.seq+1)
	return true
}

// outcome is what became of a record.
type outcome int

const (
	handled outcome = iota
	dropped         // because of a drain
	held            // to be handed out later, with its lane
)

// handle sees the lane's record through, as far as that is possible now.
func (p *partition) handle(l *lane, in *reader) outcome {
	rec := l.handed
	if rec == nil {
		rec = in.read(l.rec)
		rec.Assignment = p.assignment
	}
	for {
		err := p.topic.handle(p.ctx, rec)
		if err == nil {
			return handled
		}
		if later, ok := errors.AsType[*eventbus.LaterError](err); ok {
			l.handed, in.rec = rec, nil
			return p.hold(l, later.At)
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
