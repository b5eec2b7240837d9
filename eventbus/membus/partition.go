package membus

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hexplane/hexplane/eventbus"
)

// partition is an append-only log with one cursor per group.
type partition struct {
	id     int32
	retain int

	mu      sync.Mutex
	records []*eventbus.Record
	first   int64         // offset of records[0]
	grown   chan struct{} // closed, and replaced, by an append
	groups  map[string]*cursor
	owners  uint64 // how often it was assigned
}

// cursor is where a group stands; whoever holds owner delivers.
type cursor struct {
	next  int64
	owner chan struct{}
}

func newPartition(id int32, retain int) *partition {
	return &partition{id: id, retain: retain, grown: make(chan struct{}), groups: make(map[string]*cursor)}
}

func (p *partition) append(rec *eventbus.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := *rec
	kept.Key, kept.Value, kept.Headers = bytes.Clone(rec.Key), bytes.Clone(rec.Value), slices.Clone(rec.Headers)
	kept.Partition, kept.Offset = p.id, p.first+int64(len(p.records))
	if kept.Timestamp.IsZero() {
		kept.Timestamp = time.Now().UTC()
	}
	p.records = append(p.records, &kept)
	close(p.grown)
	p.grown = make(chan struct{})
}

func (p *partition) cursor(group string) *cursor {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.groups[group]
	if !ok {
		c = &cursor{next: p.first, owner: make(chan struct{}, 1)}
		p.groups[group] = c
	}
	return c
}

// assigned counts the assignments.
func (p *partition) assigned() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owners++
	return p.owners
}

// forget removes a group that will not come back.
func (p *partition) forget(group string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.groups, group)
}

// read waits for the record after the cursor; nil when ctx ended first.
func (p *partition) read(ctx context.Context, c *cursor) *eventbus.Record {
	for {
		p.mu.Lock()
		grown := p.grown
		if i := c.next - p.first; i < int64(len(p.records)) {
			rec := p.records[i]
			p.mu.Unlock()
			return rec
		}
		p.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *partition) commit(c *cursor, next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.next = next
	done := next
	for _, other := range p.groups {
		done = min(done, other.next)
	}
	// Trim in large steps, so that each record is moved rarely.
	if spare := int(done-p.first) - p.retain; spare > p.retain {
		p.records = append([]*eventbus.Record(nil), p.records[spare:]...)
		p.first += int64(spare)
	}
}

// snapshot returns what the group has not committed; everything for group "".
func (p *partition) snapshot(group string) []*eventbus.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	from := 0
	if c, ok := p.groups[group]; ok && group != "" {
		from = int(c.next - p.first)
	}
	return append([]*eventbus.Record(nil), p.records[from:]...)
}

func (p *partition) lag(group string) int64 {
	return int64(len(p.snapshot(group)))
}
