package docstoretest

import (
	"context"
	"errors"
	"sync"

	"github.com/hexplane/hexplane/internal/docstore"
)

// ErrDead is what a Mortal backend returns after its end.
var ErrDead = errors.New("docstoretest: the process is dead")

// Mortal is a backend whose process dies after a number of writes: every later call
// fails with ErrDead. Run a use case with 0, 1, 2, ... writes until it succeeds, and
// look each time at what a new process makes of what is left.
type Mortal struct {
	docstore.Backend
	mu   sync.Mutex
	left int
}

// NewMortal returns a backend that dies after that many writes.
func NewMortal(backend docstore.Backend, writes int) *Mortal {
	return &Mortal{Backend: backend, left: writes}
}

func (m *Mortal) spend(writes int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left < writes {
		m.left = -1
	}
	if m.left < 0 {
		return ErrDead
	}
	m.left -= writes
	return nil
}

// Write implements docstore.Backend.
func (m *Mortal) Write(ctx context.Context, w docstore.Write) (int64, error) {
	if err := m.spend(1); err != nil {
		return 0, err
	}
	return m.Backend.Write(ctx, w)
}

// Get implements docstore.Backend.
func (m *Mortal) Get(ctx context.Context, collection, id string) (docstore.Record, error) {
	if err := m.spend(0); err != nil {
		return docstore.Record{}, err
	}
	return m.Backend.Get(ctx, collection, id)
}

// Find implements docstore.Backend.
func (m *Mortal) Find(ctx context.Context, q docstore.Query) ([]docstore.Record, error) {
	if err := m.spend(0); err != nil {
		return nil, err
	}
	return m.Backend.Find(ctx, q)
}
