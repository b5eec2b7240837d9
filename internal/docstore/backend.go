package docstore

import (
	"context"
	"time"
)

// Backend is the port that a database implements. It stores bytes and knows neither
// the documents' types nor the bus. Methods are called concurrently. Package
// docstoretest holds the suite that every backend passes.
type Backend interface {
	// Write applies one write and appends its events to the outbox, atomically. It
	// returns the document's new version (0 after a delete), or an error that matches
	// ErrExists (Insert), ErrNotFound or ErrConflict (Replace, Delete).
	Write(ctx context.Context, w Write) (version int64, err error)

	// Get returns one document, or ErrNotFound.
	Get(ctx context.Context, collection, id string) (Record, error)

	// Find returns documents in ascending byte order of their ids.
	Find(ctx context.Context, q Query) ([]Record, error)

	// Claim leases up to limit unpublished events to the caller, oldest first. While
	// one event of a stream is leased, no other event of that stream is handed out.
	Claim(ctx context.Context, lease time.Duration, limit int) ([]Event, error)

	// Settle removes published events from the outbox and gives back those that could
	// not be published. Receipts of a lease that ran out and was taken by another
	// caller are ignored when given back.
	Settle(ctx context.Context, published, returned []string) error

	// Waiting returns the places of the oldest and the newest event in the outbox,
	// leased ones included, or zeros when it is empty. Places grow in the order in
	// which writes were committed, and are never used again.
	Waiting(ctx context.Context) (oldest, newest int64, err error)

	// Close releases the backend's resources.
	Close() error
}

// Op is the kind of a write.
type Op int

// The kinds of writes.
const (
	OpInsert Op = iota + 1
	OpReplace
	OpDelete
)

// Write is one change of one document.
type Write struct {
	Collection, ID string
	Op             Op
	Version        int64   // OpReplace, OpDelete: the version that must be stored; 0: any
	Data           []byte  // the document; unused by OpDelete
	Fields         []Field // its indexed fields
	Events         []Event // published after the write, in this order
}

// Field is the value of one indexed field of a document.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Event is one entry of the outbox.
type Event struct {
	Stream  string // events of one stream leave in order
	Data    []byte
	Receipt string // set by Claim, understood by Settle
}

// Record is a stored document as bytes.
type Record struct {
	ID      string
	Version int64
	Data    []byte
}

// Query selects documents of a collection: all, or those whose field's value lies
// between From and To, both included, compared as bytes.
type Query struct {
	Collection string
	Field      string // empty: every document
	From, To   string
	After      string // only ids greater than this
	Limit      int    // at least 1
}
