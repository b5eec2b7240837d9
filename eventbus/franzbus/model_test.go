package franzbus_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
)

// model knows every record, and what became of it. Handlers and the broker ask it
// whether what they see may be; it collects what may not.
type model struct {
	window, lanes int

	mu     sync.Mutex
	parts  []*modelPart
	calls  []*call // handlers running now
	refuse int     // commits that the broker is going to refuse
	wrong  []string
}

// modelPart is a partition, and its assignment as far as records tell of it.
type modelPart struct {
	log       []modelRecord // by offset
	committed int64
	pausedAt  int64 // records from here on were published during a pause; -1 for none

	of         *member // who was assigned it last
	assignment uint64
	lost       bool  // with what was finished and not committed
	from       int64 // where the assignment began
	started    int64 // one more than the newest that the assignment started
	stopAt     int64 // where a drain stops starting; -1 while there is none
	done       map[int64]bool
	refused    map[int64]bool // by its handler, and not handled since
}

type modelRecord struct {
	key   []byte
	value string
	done  bool // at any time
}

func (r modelRecord) sameKey(other modelRecord) bool {
	return r.key != nil && other.key != nil && string(r.key) == string(other.key)
}

// call is a running handler. Once its context has ended it has lost its record.
type call struct {
	ctx    context.Context
	part   *modelPart
	offset int64
	answer chan error
}

func newModel(partitions, window, lanes int) *model {
	m := &model{window: window, lanes: lanes}
	for range partitions {
		m.parts = append(m.parts, &modelPart{pausedAt: -1, stopAt: -1})
	}
	return m
}

// head is the first record that the assignment has not finished.
func (p *modelPart) head() int64 {
	head := p.from
	for p.done[head] {
		head++
	}
	return head
}

// running returns the handlers that are running.
func (m *model) running() []*call {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := slices.Clone(m.calls)
	slices.SortFunc(calls, func(a, b *call) int {
		return cmp.Or(cmp.Compare(slices.Index(m.parts, a.part), slices.Index(m.parts, b.part)), cmp.Compare(a.offset, b.offset))
	})
	return calls
}

// busy reports whether there are records that are handled, or have to be again.
func (m *model) busy() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.calls) > 0 || slices.ContainsFunc(m.parts, func(p *modelPart) bool { return len(p.refused) > 0 })
}

func (m *model) complainLockedf(format string, args ...any) {
	m.wrong = append(m.wrong, fmt.Sprintf(format, args...))
}

// publishing is told of a record that is about to be published.
func (m *model) publishing(rec *kgo.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.parts[rec.Partition]
	p.log = append(p.log, modelRecord{key: rec.Key, value: string(rec.Value)})
}

// committing is told what is committed.
func (m *model) committing(offsets map[int32]int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, p := range m.parts {
		p.committed = max(p.committed, offsets[int32(id)])
	}
}

// begin is told of a record that was handed out.
func (m *model) begin(ctx context.Context, of *member, rec *eventbus.Record) *call {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.parts[rec.Partition]
	if p.of != of || p.assignment != rec.Assignment {
		m.assignLocked(p, of, rec)
	}
	m.mayStartLocked(p, rec)
	p.started = max(p.started, rec.Offset+1)
	c := &call{ctx: ctx, part: p, offset: rec.Offset, answer: make(chan error, 1)}
	m.calls = append(m.calls, c)
	return c
}

func (m *model) assignLocked(p *modelPart, of *member, rec *eventbus.Record) {
	if last := of.assignments[rec.Partition]; rec.Assignment <= last {
		m.complainLockedf("%d/%d came from assignment %d after %d", rec.Partition, rec.Offset, rec.Assignment, last)
	}
	for _, c := range m.calls {
		if c.part == p && c.ctx.Err() == nil {
			m.complainLockedf("%d/%d was handed out while the assignment before handles %d", rec.Partition, rec.Offset, c.offset)
		}
	}
	of.assignments[rec.Partition] = rec.Assignment
	p.of, p.assignment, p.lost = of, rec.Assignment, false
	p.from, p.started, p.stopAt = p.committed, p.committed, -1
	p.done, p.refused = make(map[int64]bool), make(map[int64]bool)
}

func (m *model) mayStartLocked(p *modelPart, rec *eventbus.Record) {
	at := fmt.Sprintf("%d/%d", rec.Partition, rec.Offset)
	known := p.log[rec.Offset]
	switch {
	case known.value != string(rec.Value) || string(known.key) != string(rec.Key) || (known.key == nil) != (rec.Key == nil):
		m.complainLockedf("%s is %q:%q and was published as %q:%q", at, rec.Key, rec.Value, known.key, known.value)
	case rec.Offset < p.from || p.done[rec.Offset]:
		m.complainLockedf("%s was handed out again", at)
	case rec.Offset >= p.committed+int64(m.window):
		m.complainLockedf("%s is beyond the window of %d from %d on", at, m.window, p.committed)
	case p.stopAt >= 0 && rec.Offset >= p.stopAt:
		m.complainLockedf("%s was started in a drain that stops at %d", at, p.stopAt)
	case p.pausedAt >= 0 && rec.Offset >= p.pausedAt:
		m.complainLockedf("%s was started in a pause", at)
	}
	if len(m.calls) >= m.lanes {
		m.complainLockedf("%s is handled beside %d others on %d lanes", at, len(m.calls), m.lanes)
	}
	for _, c := range m.calls {
		if c.part == p && c.ctx.Err() == nil && p.log[c.offset].sameKey(known) {
			m.complainLockedf("%s was started while %d of its key is handled", at, c.offset)
		}
	}
	for offset, before := range p.log[:rec.Offset] {
		if before.sameKey(known) && !before.done {
			m.complainLockedf("%s was started before %d of its key was finished", at, offset)
		}
	}
}

// finish is told what a handler is going to return.
func (m *model) finish(c *call, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = slices.DeleteFunc(m.calls, func(other *call) bool { return other == c })
	if err != nil {
		c.part.refused[c.offset] = true
		return
	}
	delete(c.part.refused, c.offset)
	c.part.done[c.offset] = true
	c.part.log[c.offset].done = true
}
