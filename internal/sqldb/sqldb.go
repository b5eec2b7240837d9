// Package sqldb opens SQLite and PostgreSQL through bun so that the same code
// runs on both, and migrates their schemas.
//
// SQLite has one writer: [DB.Write] queues fairly in this process before it asks
// the file, and readers work beside it (WAL). PostgreSQL transactions run side by
// side at read committed; one that the server aborts for a deadlock or a
// serialization failure is run again.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite" // also registers the driver
)

// Config says which database. With an empty URL it is the SQLite file at Path.
type Config struct {
	// URL of PostgreSQL. It carries credentials: errors do not repeat it.
	URL string
	// Path of the SQLite file; its folder is made when absent.
	Path string
	// Full syncs every SQLite commit to disk. Without it a killed process loses
	// nothing, but a power loss may take the last commits.
	Full bool
	// MaxConns is how many connections may be open, default 16.
	MaxConns int
}

// DB is an open database, safe for concurrent use.
type DB struct {
	*bun.DB

	// Postgres says which of the two it is.
	Postgres bool

	writer chan struct{} // nil on PostgreSQL
}

// Open opens the database and checks that it answers.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	db, err := open(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.MaxConns == 0 {
		cfg.MaxConns = 16
	}
	db.SetMaxOpenConns(cfg.MaxConns)
	db.SetMaxIdleConns(cfg.MaxConns)
	pingCtx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := db.PingContext(pingCtx); err != nil {
		return nil, errors.Join(fmt.Errorf("sqldb: the database does not answer: %w", err), db.Close())
	}
	return db, nil
}

func open(cfg Config) (*DB, error) {
	if cfg.URL != "" {
		if _, err := pgconn.ParseConfig(cfg.URL); err != nil {
			return nil, errors.New("sqldb: the database URL is not a PostgreSQL one")
		}
		conn, err := sql.Open("pgx", cfg.URL)
		if err != nil {
			return nil, errors.New("sqldb: the database URL cannot be used")
		}
		return &DB{DB: bun.NewDB(conn, pgdialect.New()), Postgres: true}, nil
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o750); err != nil {
		return nil, fmt.Errorf("sqldb: data folder: %w", err)
	}
	conn, err := sql.Open("sqlite", sqliteDSN(cfg))
	if err != nil {
		return nil, fmt.Errorf("sqldb: open: %w", err)
	}
	return &DB{DB: bun.NewDB(conn, sqlitedialect.New()), writer: make(chan struct{}, 1)}, nil
}

func sqliteDSN(cfg Config) string {
	sync := "NORMAL"
	if cfg.Full {
		sync = "FULL"
	}
	q := url.Values{"_txlock": {"immediate"}}
	q["_pragma"] = []string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(" + sync + ")", "foreign_keys(1)",
	}
	return "file:" + (&url.URL{Path: cfg.Path}).EscapedPath() + "?" + q.Encode()
}

// Write runs fn in a transaction. Errors of fn are returned as they are; on
// PostgreSQL fn may run again, so it must have no effect outside the transaction.
func (db *DB) Write(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	if db.writer != nil {
		select {
		case db.writer <- struct{}{}:
			defer func() { <-db.writer }()
		case <-ctx.Done():
			return ctx.Err()
		}
		return db.RunInTx(ctx, nil, fn)
	}
	const attempts = 6
	var err error
	for range attempts {
		if err = db.RunInTx(ctx, nil, fn); !aborted(err) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// aborted reports a transaction that the server gave up in favor of another.
func aborted(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}

// IsForeignKey reports a row refused because what it refers to does not exist.
func IsForeignKey(err error) bool {
	const sqliteForeignKey = 787
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23503"
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code() == sqliteForeignKey
}
