package franzbus

import (
	"sync"
	"sync/atomic"
)

// pool lets at most limit goroutines work on the partitions that ask for it. They
// exist only while there is work to do, and begin one after the other: as long as
// handlers return at once, the ones there are do it all and hardly another begins;
// while handlers wait, more begin as fast as that goes.
type pool struct {
	limit   int
	crowded atomic.Bool // all work, and a partition waits for one

	mu       sync.Mutex
	waiting  []*partition // each for one worker
	workers  int
	starting bool // one of them has not begun
}

// ask wants one more worker for the partition.
func (p *pool) ask(part *partition) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, part)
	p.growLocked()
}

func (p *pool) growLocked() {
	if len(p.waiting) > 0 && p.workers < p.limit && !p.starting {
		p.workers++
		p.starting = true
		go p.work()
	}
	p.crowded.Store(len(p.waiting) > 0 && p.workers == p.limit)
}

func (p *pool) work() {
	for part := p.begin(); part != nil; part = p.take() {
		part.work()
	}
}

func (p *pool) begin() *partition {
	p.mu.Lock()
	p.starting = false
	p.mu.Unlock()
	return p.take()
}

// take returns the partition that waited longest; the worker ends when there is none.
func (p *pool) take() (part *partition) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		p.workers--
		return nil
	}
	part, p.waiting = p.waiting[0], p.waiting[1:]
	p.growLocked()
	return part
}
