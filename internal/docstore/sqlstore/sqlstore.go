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
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // registers the driver
)

// Config says where the database is.
type Config struct {
	Path string           // the file; its folder is made when absent
	Full bool             // sync every commit to disk
	Now  func() time.Time // the clock of leases; default time.Now
}

// Backend implements docstore.Backend.
type Backend struct {
	db     *bun.DB
	now    func() time.Time
	writer chan struct{} // SQLite has one writer: waiting here is fair, its own lock is not
}

var schema = []string{
	`CREATE TABLE IF NOT EXISTS documents (
		collection TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
		data BLOB NOT NULL, fields BLOB NOT NULL,
		PRIMARY KEY (collection, id)) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS document_fields (
		collection TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
		PRIMARY KEY (collection, name, value, id)) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS outbox (
		seq INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL,
		data BLOB NOT NULL, lease_until INTEGER NOT NULL DEFAULT 0)`,
	`CREATE INDEX IF NOT EXISTS outbox_stream ON outbox (stream, lease_until)`,
}

// Open opens the database and makes its tables when they are absent.
func Open(ctx context.Context, cfg Config) (*Backend, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o750); err != nil {
		return nil, fmt.Errorf("sqlstore: data folder: %w", err)
	}
	sqldb, err := sql.Open("sqlite", dsn(cfg))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	sqldb.SetMaxOpenConns(8)
	sqldb.SetMaxIdleConns(8)
	b := &Backend{db: bun.NewDB(sqldb, sqlitedialect.New()), now: cfg.Now, writer: make(chan struct{}, 1)}
	for _, stmt := range schema {
		if _, err := b.db.ExecContext(ctx, stmt); err != nil {
			_ = b.db.Close()
			return nil, fmt.Errorf("sqlstore: schema: %w", err)
		}
	}
	return b, nil
}

// Close closes the database.
func (b *Backend) Close() error { return b.db.Close() }

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

// write runs fn in a transaction, one at a time.
func (b *Backend) write(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	select {
	case b.writer <- struct{}{}:
		defer func() { <-b.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return b.db.RunInTx(ctx, nil, fn)
}
