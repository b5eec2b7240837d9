package statedb

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/sqldb"
	"github.com/hexplane/hexplane/management"
)

//go:embed migrations
var migrations embed.FS

// Config says where the state is.
type Config struct {
	// URL of PostgreSQL; empty means SQLite at Path.
	URL  string
	Path string
	// Full syncs every SQLite commit to disk.
	Full bool
	// Trace returns the trace context to store with an event, nil for none.
	Trace func(context.Context) map[string]string
}

// Store implements management.StateStore.
type Store struct {
	db    *sqldb.DB
	trace func(context.Context) map[string]string
	wake  chan struct{} // tells the relay of new events
}

var _ management.StateStore = (*Store)(nil)

// Open opens the database and brings its schema up to date.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	db, err := sqldb.Open(ctx, sqldb.Config{URL: cfg.URL, Path: cfg.Path, Full: cfg.Full})
	if err != nil {
		return nil, fmt.Errorf("statedb: %w", err)
	}
	files, err := migrationFiles()
	if err == nil {
		err = db.Migrate(ctx, files)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("statedb: %w", err), db.Close())
	}
	return &Store{db: db, trace: cfg.Trace, wake: make(chan struct{}, 1)}, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// Update implements management.StateStore.
func (s *Store) Update(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	published := false
	err := s.db.Write(ctx, func(ctx context.Context, btx bun.Tx) error {
		t := &tx{db: btx, store: s, locking: s.db.Postgres}
		if err := fn(ctx, t); err != nil {
			return err
		}
		published = len(t.events) > 0
		return t.flush(ctx)
	})
	if err == nil && published {
		select {
		case s.wake <- struct{}{}:
		default: // the relay is already told
		}
	}
	return err
}

// View implements management.StateStore.
func (s *Store) View(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	return fn(ctx, &tx{db: s.db, store: s, readOnly: true})
}

// tx implements management.Tx over a transaction, or over the database for View.
type tx struct {
	db       bun.IDB
	store    *Store
	locking  bool // reads lock, on PostgreSQL
	readOnly bool
	events   []outboxRow
}

var errReadOnly = errors.New("statedb: write within View")

func (t *tx) Accounts() management.Table[management.Account] {
	return table[management.Account, accountRow, *accountRow]{t, accountColumns}
}

func (t *tx) Projects() management.Table[management.Project] {
	return table[management.Project, projectRow, *projectRow]{t, projectColumns}
}

func (t *tx) Ports() management.Table[management.Port] {
	return table[management.Port, portRow, *portRow]{t, portColumns}
}

func (t *tx) Kinds() management.Table[management.Kind] {
	return table[management.Kind, kindRow, *kindRow]{t, columns{}}
}

func (t *tx) Statuses() management.Table[management.Status] {
	return table[management.Status, statusRow, *statusRow]{t, statusColumns}
}

func (t *tx) Clusters() management.Table[management.Cluster] {
	return table[management.Cluster, clusterRow, *clusterRow]{t, clusterColumns}
}

func (t *tx) Health() management.Table[management.Health] {
	return table[management.Health, healthRow, *healthRow]{t, columns{}}
}

func (t *tx) Keys() management.Table[management.APIKey] {
	return table[management.APIKey, keyRow, *keyRow]{t, keyColumns}
}

func (t *tx) Audit() management.Table[management.AuditEntry] {
	return table[management.AuditEntry, auditRow, *auditRow]{t, auditColumns}
}

func (t *tx) Operations() management.Table[management.Operation] {
	return table[management.Operation, operationRow, *operationRow]{t, operationColumns}
}

// Publish keeps the events until the end of the transaction, which stores them
// all with one statement.
func (t *tx) Publish(ctx context.Context, msgs ...*eventbus.Message) error {
	if t.readOnly {
		return errReadOnly
	}
	for _, msg := range msgs {
		row, err := newOutboxRow(ctx, msg, t.store.trace)
		if err != nil {
			return err
		}
		t.events = append(t.events, row)
	}
	return nil
}

func (t *tx) flush(ctx context.Context) error {
	if len(t.events) == 0 {
		return nil
	}
	_, err := t.db.NewInsert().Model(&t.events).Column("message").Returning("NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("statedb: store events: %w", err)
	}
	return nil
}
