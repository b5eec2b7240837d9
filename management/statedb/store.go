package statedb

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/sqldb"
	"github.com/hexplane/hexplane/internal/sqlrows"
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
	// Outbox stores events in the given transaction, for example sqlbox.Add. It is
	// required.
	Outbox func(ctx context.Context, tx bun.IDB, msgs ...*eventbus.Message) error
	// Stamp, when set, notes on events what the context of their Publish knows,
	// for example the trace.
	Stamp func(ctx context.Context, msgs ...*eventbus.Message)
}

// Store implements management.StateStore.
type Store struct {
	db     *sqldb.DB
	outbox func(ctx context.Context, tx bun.IDB, msgs ...*eventbus.Message) error
	stamp  func(ctx context.Context, msgs ...*eventbus.Message)
}

var _ management.StateStore = (*Store)(nil)

// Open opens the database and brings its schema up to date.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Outbox == nil {
		return nil, errors.New("statedb: Config.Outbox is required")
	}
	db, err := sqldb.Open(ctx, sqldb.Config{URL: cfg.URL, Path: cfg.Path, Full: cfg.Full, Indexed: true})
	if err != nil {
		return nil, fmt.Errorf("statedb: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err == nil {
		err = db.Migrate(ctx, files)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("statedb: %w", err), db.Close())
	}
	return &Store{db: db, outbox: cfg.Outbox, stamp: cfg.Stamp}, nil
}

// DB returns the database, for the outbox's tables and relay.
func (s *Store) DB() *bun.DB { return s.db.DB }

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// Update implements management.StateStore.
func (s *Store) Update(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	return s.db.Write(ctx, func(ctx context.Context, btx bun.Tx) error {
		t := &tx{db: btx, store: s, locking: s.db.Postgres}
		if err := fn(ctx, t); err != nil {
			return err
		}
		if len(t.events) == 0 {
			return nil
		}
		return s.outbox(ctx, btx, t.events...)
	})
}

// View implements management.StateStore.
func (s *Store) View(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	return fn(ctx, &tx{db: s.db.Reader, store: s, readOnly: true})
}

// tx implements management.Tx over a transaction, or over the database for View.
type tx struct {
	db       bun.IDB
	store    *Store
	locking  bool // reads lock, on PostgreSQL
	readOnly bool
	events   []*eventbus.Message
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

// FinishOperations implements management.Tx.
func (t *tx) FinishOperations(ctx context.Context, ids ...string) ([]string, error) {
	if t.readOnly {
		return nil, errReadOnly
	}
	if len(ids) == 0 {
		return nil, nil
	}
	end := sqlrows.On(t.db)
	end.WriteString("UPDATE operations SET pending = FALSE")
	end.And("pending", nil)
	end.AndIn("id", ids)
	end.WriteString(" RETURNING id")
	var ended []string
	return ended, wrap("finish operations", end.Scan(ctx, t.store.db.DB, &ended))
}

// Publish keeps the events until the end of the transaction, which stores them
// all at once.
func (t *tx) Publish(ctx context.Context, msgs ...*eventbus.Message) error {
	if t.readOnly {
		return errReadOnly
	}
	if t.store.stamp != nil {
		t.store.stamp(ctx, msgs...)
	}
	t.events = append(t.events, msgs...)
	return nil
}
