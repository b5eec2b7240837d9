package franzbus_test

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// commit is told of a commit request; it reports whether the broker shall refuse it.
func (m *model) commit(req *kmsg.OffsetCommitRequest) (refuse bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range req.Topics {
		for _, asked := range t.Partitions {
			for offset, rec := range m.parts[asked.Partition].log[:asked.Offset] {
				if !rec.done {
					m.complainLockedf("%d: %d was committed, %d is not finished", asked.Partition, asked.Offset, offset)
					break
				}
			}
		}
	}
	if m.refuse > 0 {
		m.refuse--
		return true
	}
	return false
}

// pausing is told that what is published from now on waits, or waits no longer.
func (m *model) pausing(paused bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.parts {
		p.pausedAt = -1
		if paused {
			p.pausedAt = int64(len(p.log))
		}
	}
}

// behind returns the partitions whose finished records are not all committed, or, when
// everything shall be finished, those where anything is not.
func (m *model) behind(everything bool) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var behind []string
	for id, p := range m.parts {
		head := p.head()
		if everything {
			head = int64(len(p.log))
		} else if p.lost {
			continue
		}
		if p.committed < head {
			behind = append(behind, fmt.Sprintf("%d: %d is committed, and the records before %d are to be", id, p.committed, head))
		}
	}
	return behind
}

// losing returns a function to be called when everything that is assigned now was lost.
func (m *model) losing() (lost func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := make([]uint64, len(m.parts))
	for id, p := range m.parts {
		before[id] = p.assignment
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		for id, p := range m.parts {
			p.lost = p.lost || p.assignment == before[id]
		}
	}
}

// refusals returns how many commits are going to be refused.
func (m *model) refusals() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refuse
}

// draining is told that a drain of everything is about to begin.
func (m *model) draining() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.parts {
		p.stopAt = p.started
	}
}

// drained checks what a drain left. What was finished is a prefix, and committed,
// but for what is behind a record that its handler refused, or was not left time for.
func (m *model) drained() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.calls) > 0 {
		m.complainLockedf("%d records are handled after the drain", len(m.calls))
	}
	for id, p := range m.parts {
		if p.lost {
			continue
		}
		if head := p.head(); p.committed != head {
			m.complainLockedf("%d: %d is committed after the drain, and the records before %d are finished", id, p.committed, head)
		} else if len(p.refused) == 0 && len(p.done) != int(head-p.from) {
			m.complainLockedf("%d: the drain left %d finished records behind %d", id, len(p.done)-int(head-p.from), head)
		}
	}
}
