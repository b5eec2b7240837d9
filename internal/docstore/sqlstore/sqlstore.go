// Package sqlstore keeps docstore documents in SQLite.
//
// A write and its outbox rows are one transaction. With Config.Full each commit is
// synced to disk; without it a killed process loses nothing, but a power loss may
// take the last commits. One process at a time should write a file: others wait for
// its lock for up to ten seconds.
//
//	backend, err := sqlstore.Open(ctx, sqlstore.Config{Path: ".data/accounts/docs.db"})
//	if err != nil {
//		return err
//	}
//	store := docstore.New(backend, producer, docstore.Config{})
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // registers the driver
)

// readers is how many reads may run at once; SQLite's readers do not wait for its
// writer.
const readers = 4

// Config says where the database is.
type Config struct {
	Path string // the file; its folder is made when absent
	Full bool   // sync every commit to disk
	// Exclusive says that no other process works with the file, as a lock ensures: what
	// a dead one had leased is then free at once.
	Exclusive bool
	Now       func() time.Time // the clock of leases; default time.Now
}

// Backend implements docstore.Backend.
type Backend struct {
	reader *sql.DB
	writer *sql.DB // one connection: SQLite has one writer, and waiting here is fair
	now    func() time.Time
	stmts  statements
}

// Open opens the database and makes its tables when they are absent.
func Open(ctx context.Context, cfg Config) (*Backend, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o750); err != nil {
		return nil, fmt.Errorf("sqlstore: data folder: %w", err)
	}
	b := &Backend{now: cfg.Now}
	err := b.open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", errors.Join(err, b.Close()))
	}
	return b, nil
}

func (b *Backend) open(ctx context.Context, cfg Config) error {
	var err error
	if b.writer, err = pool(dsn(cfg), 1); err != nil {
		return err
	}
	if b.reader, err = pool(dsn(cfg), readers); err != nil {
		return err
	}
	for _, stmt := range schema {
		if _, err := b.writer.ExecContext(ctx, stmt); err != nil {
			return err
		}
	}
	if cfg.Exclusive {
		if _, err := b.writer.ExecContext(ctx, `UPDATE outbox SET lease_until = 0`); err != nil {
			return err
		}
	}
	return b.prepare(ctx)
}

func pool(dsn string, size int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// Close closes the database.
func (b *Backend) Close() error {
	var errs []error
	for _, db := range []*sql.DB{b.reader, b.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

func dsn(cfg Config) string {
	sync := "NORMAL"
	if cfg.Full {
		sync = "FULL"
	}
	q := url.Values{"_txlock": {"immediate"}}
	q["_pragma"] = []string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(" + sync + ")",
	}
	return "file:" + (&url.URL{Path: cfg.Path}).EscapedPath() + "?" + q.Encode()
}

// write runs fn in a transaction, one at a time. A transaction that is begun is
// finished, whatever becomes of ctx: it takes less than a millisecond.
func (b *Backend) write(ctx context.Context, fn func(tx *transaction) error) error {
	conn, err := b.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back
	ctx = context.WithoutCancel(ctx)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(&transaction{ctx: ctx, tx: tx}); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// transaction runs prepared statements in a transaction.
type transaction struct {
	ctx context.Context //nolint:containedctx // lives as long as one call of write
	tx  *sql.Tx
}

// stmt returns the statement as part of the transaction, which closes it.
func (t *transaction) stmt(prepared *sql.Stmt) *sql.Stmt { return t.tx.StmtContext(t.ctx, prepared) }

func (t *transaction) exec(prepared *sql.Stmt, args ...any) error {
	_, err := t.stmt(prepared).ExecContext(t.ctx, args...) //nolint:sqlclosecheck // see stmt
	return err
}

func (t *transaction) row(prepared *sql.Stmt, args ...any) *sql.Row {
	return t.stmt(prepared).QueryRowContext(t.ctx, args...) //nolint:sqlclosecheck // see stmt
}

func (t *transaction) rows(prepared *sql.Stmt, args ...any) (*sql.Rows, error) {
	return t.stmt(prepared).QueryContext(t.ctx, args...) //nolint:sqlclosecheck // see stmt
}

// wrap says where an error comes from; the port's own errors still match.
func wrap(op string, err error) error {
	return fmt.Errorf("sqlstore: %s: %w", op, err)
}
