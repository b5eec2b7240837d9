package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the PostgreSQL driver
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hexplane/hexplane/internal/preparing"
)

// Store implements asynctask.Store. It is safe for concurrent use.
type Store struct {
	db       *bun.DB
	postgres bool
	writer   sync.Mutex // SQLite: one writer of this process at a time
	hints    hints

	selectTask string // by id, $1
}

type db = bun.IDB

// New returns a store in db, whose tables (prefix asynctask_) it creates if
// they are missing. The caller keeps and closes db. A SQLite database is best opened
// by [OpenSQLite]; others may be much slower or fail under load.
func New(ctx context.Context, db *bun.DB) (*Store, error) {
	s := &Store{db: db, postgres: db.Dialect().Name() == dialect.PG}
	s.selectTask = db.NewSelect().Model((*taskRow)(nil)).Where("id = ?", bun.Safe("$1")).String()
	return s, s.createSchema(ctx)
}

// OpenSQLite opens a database file for [New]: write-ahead log, immediate
// transactions, 10 s to wait for a lock, statements kept prepared. Commits survive
// a crash of the process; with full they survive a loss of power too, at the price
// of an fsync each.
func OpenSQLite(path string, full bool) (*bun.DB, error) {
	sync := "NORMAL"
	if full {
		sync = "FULL"
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(" + sync + ")", "cache_size(-16000)",
	}}
	conn, err := preparing.OpenSQLite("file:" + path + "?" + q.Encode())
	if err != nil {
		return nil, fmt.Errorf("sqlstore: open %s: %w", path, err)
	}
	conn.SetMaxOpenConns(4)
	conn.SetMaxIdleConns(4)
	return bun.NewDB(conn, sqlitedialect.New()), nil
}

// OpenPostgres opens a PostgreSQL database for [New].
func OpenPostgres(dsn string) (*bun.DB, error) {
	conn, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	conn.SetMaxOpenConns(16)
	conn.SetMaxIdleConns(16)
	return bun.NewDB(conn, pgdialect.New()), nil
}

// write runs fn in a transaction, again when the database asks for that.
func (s *Store) write(ctx context.Context, fn func(tx db) error) error {
	if !s.postgres {
		s.writer.Lock()
		defer s.writer.Unlock()
	}
	for attempt := 1; ; attempt++ {
		err := s.db.RunInTx(ctx, nil, func(_ context.Context, tx bun.Tx) error { return fn(tx) })
		if err == nil || attempt == 10 || !retryable(err) || ctx.Err() != nil {
			return err
		}
	}
}

// retryable reports whether the transaction failed only because of others.
func retryable(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40P01" || pg.Code == "40001"
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code()&0xff == sqlite3.SQLITE_BUSY
}

// lock ends a SELECT on PostgreSQL with a row lock; SQLite needs none, as the
// transaction is the only writer.
func (s *Store) lock(clause string) string {
	if s.postgres {
		return clause
	}
	return ""
}
