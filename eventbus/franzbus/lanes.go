package franzbus

import "sync"

// lane is the queue of one key of one partition. Its queue is guarded by the
// partition's mutex; it is known to the pool exactly while active.
type lane struct {
	part  *partition
	key   string
	keyed bool
	queue []entry
}

// pool runs lanes on at most limit goroutines, which exist only while there is
// work to do.
type pool struct {
	limit int

	mu      sync.Mutex
	ready   []*lane // those from next on wait
	next    int
	running int
	idle    sync.WaitGroup
}

// add makes lanes runnable; each is run once.
func (p *pool) add(lanes []*lane) {
	if len(lanes) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = append(p.ready, lanes...)
	for range min(len(lanes), p.limit-p.running) {
		p.running++
		p.idle.Add(1)
		go p.work()
	}
}

func (p *pool) work() {
	defer p.idle.Done()
	for {
		l := p.take()
		if l == nil {
			return
		}
		l.part.run(l)
	}
}

func (p *pool) take() *lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == len(p.ready) {
		p.ready, p.next = p.ready[:0], 0
		p.running--
		return nil
	}
	l := p.ready[p.next]
	p.ready[p.next] = nil
	p.next++
	return l
}
