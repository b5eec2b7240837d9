// Package docstore keeps a service's documents: typed values with an id, a version
// and a few indexed fields, each write together with the events that it causes.
//
// # What it guarantees
//
//   - A write and its events are one atomic step: both are durable when the call
//     returns, or neither is.
//   - Every stored event is published at least once, also after a crash at any
//     moment. Events with the same topic and key leave in the order in which their
//     writes were committed, one publisher at a time. When the broker takes an event
//     but not one before it, both come again, in order.
//   - Replace and Delete compare the version, so a lost update is impossible.
//   - Documents are listed in the order of their ids.
//
// A Store and its collections may be used concurrently.
//
// # Example
//
//	store := docstore.New(backend, producer, docstore.Config{})
//	go store.Run(ctx) // publishes what the writes leave in the outbox
//
//	accounts := docstore.NewCollection(store, "accounts",
//		docstore.IndexBy("isp_id", func(a Account) string { return a.ISPID }))
//	doc, err := accounts.Insert(ctx, account.ID, account, created)
//	if errors.Is(err, docstore.ErrExists) {
//		// the id is taken
//	}
package docstore

import (
	"errors"
	"log/slog"
	"time"

	"github.com/hexplane/hexplane/eventbus"
)

// Errors that callers match with errors.Is.
var (
	// ErrNotFound reports that no document has that id.
	ErrNotFound = errors.New("docstore: not found")
	// ErrExists reports that a document with that id is already there.
	ErrExists = errors.New("docstore: already exists")
	// ErrConflict reports that the stored version is another one than expected.
	ErrConflict = errors.New("docstore: version conflict")
)

// Keep is what the change function of Update or Upsert returns to leave the document
// as it is; the call then succeeds without a write.
var Keep = errors.New("docstore: keep the document") //nolint:errname,revive,staticcheck // an answer, not a failure

// Document is a stored value. Version is 1 after the insert and grows by one with
// every replace; it starts again when an id is deleted and inserted anew.
type Document[T any] struct {
	ID      string
	Version int64
	Value   T
}

// Config tunes a Store. The zero value is ready for use.
type Config struct {
	Batch   int           // events published at once; default 256
	Lease   time.Duration // how long a publisher owns the events it claimed; default 10 s
	Sweep   time.Duration // how often the outbox is looked at without being told; default 1 s
	Backoff time.Duration // longest wait after a failed publish; default 5 s
	Log     *slog.Logger  // default: slog.Default
}

func (c Config) withDefaults() Config {
	if c.Batch <= 0 {
		c.Batch = 256
	}
	if c.Lease <= 0 {
		c.Lease = 10 * time.Second
	}
	if c.Sweep <= 0 {
		c.Sweep = time.Second
	}
	if c.Backoff <= 0 {
		c.Backoff = 5 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Store is one backend with the publisher of its outbox.
type Store struct {
	backend Backend
	bus     eventbus.Publisher
	cfg     Config
	wake    chan struct{}
}

// New returns a store over a backend. Events go to bus, once Run is running.
func New(backend Backend, bus eventbus.Publisher, cfg Config) *Store {
	return &Store{backend: backend, bus: bus, cfg: cfg.withDefaults(), wake: make(chan struct{}, 1)}
}

// Close closes the backend. Stop Run first.
func (s *Store) Close() error { return s.backend.Close() }
