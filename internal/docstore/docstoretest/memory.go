// Package docstoretest holds what proves docstore and what helps to test its users:
// the conformance suite for backends, a backend in memory, and a publisher that
// remembers.
//
//	bus := &docstoretest.Recorder{}
//	store := docstore.New(docstoretest.NewMemory(), bus, docstore.Config{})
//	... // write
//	require.NoError(t, store.Flush(t.Context()))
//	require.Equal(t, []string{"AccountCreated"}, bus.Types())
package docstoretest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hexplane/hexplane/internal/docstore"
)

// Memory is a docstore.Backend in memory. It is also the plainest statement of what
// a backend must do.
type Memory struct {
	mu     sync.Mutex
	now    func() time.Time
	docs   map[string]map[string]memoryDoc
	outbox []memoryEvent
	seq    int
}

type memoryDoc struct {
	record docstore.Record
	fields map[string]string
}

type memoryEvent struct {
	docstore.Event
	leaseUntil time.Time
}

// NewMemory returns an empty backend.
func NewMemory() *Memory { return NewMemoryAt(time.Now) }

// NewMemoryAt is NewMemory with a clock for the leases.
func NewMemoryAt(now func() time.Time) *Memory {
	return &Memory{now: now, docs: map[string]map[string]memoryDoc{}}
}

// Write implements docstore.Backend.
func (m *Memory) Write(_ context.Context, w docstore.Write) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, found := m.docs[w.Collection][w.ID]
	switch {
	case w.Op == docstore.OpInsert && found:
		return 0, docstore.ErrExists
	case w.Op != docstore.OpInsert && !found:
		return 0, docstore.ErrNotFound
	case w.Op != docstore.OpInsert && w.Version != 0 && w.Version != old.record.Version:
		return 0, docstore.ErrConflict
	}
	for _, e := range w.Events {
		m.seq++
		e.Receipt = strconv.Itoa(m.seq)
		m.outbox = append(m.outbox, memoryEvent{Event: e})
	}
	if w.Op == docstore.OpDelete {
		delete(m.docs[w.Collection], w.ID)
		return 0, nil
	}
	return m.put(w, old.record.Version+1), nil
}

func (m *Memory) put(w docstore.Write, version int64) int64 {
	if m.docs[w.Collection] == nil {
		m.docs[w.Collection] = map[string]memoryDoc{}
	}
	doc := memoryDoc{
		record: docstore.Record{ID: w.ID, Version: version, Data: slices.Clone(w.Data)},
		fields: map[string]string{},
	}
	for _, f := range w.Fields {
		doc.fields[f.Name] = f.Value
	}
	m.docs[w.Collection][w.ID] = doc
	return version
}

// Get implements docstore.Backend.
func (m *Memory) Get(_ context.Context, collection, id string) (docstore.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	doc, ok := m.docs[collection][id]
	if !ok {
		return docstore.Record{}, fmt.Errorf("%w: %s/%s", docstore.ErrNotFound, collection, id)
	}
	return doc.record, nil
}

// Find implements docstore.Backend.
func (m *Memory) Find(_ context.Context, q docstore.Query) ([]docstore.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []docstore.Record
	for _, id := range slices.Sorted(maps.Keys(m.docs[q.Collection])) {
		doc := m.docs[q.Collection][id]
		value, indexed := doc.fields[q.Field]
		if id <= q.After || q.Field != "" && (!indexed || value < q.From || value > q.To) {
			continue
		}
		if out = append(out, doc.record); len(out) == q.Limit {
			break
		}
	}
	return out, nil
}

// Claim implements docstore.Backend.
func (m *Memory) Claim(_ context.Context, lease time.Duration, limit int) ([]docstore.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	leased := map[string]bool{}
	for _, e := range m.outbox {
		leased[e.Stream] = leased[e.Stream] || e.leaseUntil.After(now)
	}
	var out []docstore.Event
	for i := range m.outbox {
		if e := &m.outbox[i]; !leased[e.Stream] && len(out) < limit {
			e.leaseUntil = now.Add(lease)
			event := e.Event
			event.Receipt = e.leaseReceipt()
			out = append(out, event)
		}
	}
	return out, nil
}

// Settle implements docstore.Backend.
func (m *Memory) Settle(_ context.Context, published, returned []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	done := map[string]bool{}
	for _, receipt := range published {
		id, _, _ := strings.Cut(receipt, "/")
		done[id] = true
	}
	m.outbox = slices.DeleteFunc(m.outbox, func(e memoryEvent) bool { return done[e.Receipt] })
	for i, e := range m.outbox {
		if slices.Contains(returned, e.leaseReceipt()) {
			m.outbox[i].leaseUntil = time.Time{}
		}
	}
	return nil
}

// Waiting implements docstore.Backend.
func (m *Memory) Waiting(context.Context) (oldest, newest int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.outbox) == 0 {
		return 0, 0, nil
	}
	oldest, err = strconv.ParseInt(m.outbox[0].Receipt, 10, 64)
	if err != nil {
		return 0, 0, err
	}
	newest, err = strconv.ParseInt(m.outbox[len(m.outbox)-1].Receipt, 10, 64)
	return oldest, newest, err
}

// Close implements docstore.Backend.
func (m *Memory) Close() error { return nil }

// leaseReceipt names the event and the lease under which it is handed out.
func (e memoryEvent) leaseReceipt() string {
	return e.Receipt + "/" + strconv.FormatInt(e.leaseUntil.UnixNano(), 10)
}
