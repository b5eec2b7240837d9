// Package sqldb opens SQLite and PostgreSQL through bun so that the same code
// runs on both, and migrates their schemas.
//
// SQLite has one writer: all writing goes through one connection, for which the
// writers of this process queue, and readers work beside it (WAL). PostgreSQL
// transactions run side by side at read committed; one that the server aborts for
// a deadlock or a serialization failure is run again.
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

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"

	"github.com/hexplane/hexplane/internal/preparing"
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
	// MaxConns is how many connections may be open, on SQLite beside the one that
	// writes; default 16.
	MaxConns int
	// Indexed says that every large table is read by an index. PostgreSQL then takes
	// one even where, when a kept statement was planned, the table was small.
	Indexed bool
}

// DB is an open database, safe for concurrent use. Within a transaction on
// SQLite, anything but the transaction itself and Reader waits for its end.
type DB struct {
	// DB is for writing, and for reading what must be the latest.
	*bun.DB

	// Reader is for reading beside writers. On PostgreSQL it is DB.
	Reader *bun.DB
	// Postgres says which of the two it is.
	Postgres bool
}

// Open opens the database and checks that it answers.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.MaxConns == 0 {
		cfg.MaxConns = 16
	}
	open := openSQLite
	if cfg.URL != "" {
		open = openPostgres
	}
	db, err := open(cfg)
	if err != nil {
		return nil, err
	}
	pingCtx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := db.PingContext(pingCtx); err != nil {
		return nil, errors.Join(fmt.Errorf("sqldb: the database does not answer: %w", err), db.Close())
	}
	return db, nil
}

func openPostgres(cfg Config) (*DB, error) {
	conn, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errors.New("sqldb: the database URL is not a PostgreSQL one")
	}
	// bun writes values into its statements, so that hardly two are the same:
	// preparing each would cost a round trip and fill the server with them.
	conn.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	if cfg.Indexed {
		conn.RuntimeParams["enable_seqscan"] = "off"
	}
	pool := sql.OpenDB(cachingConnector{stdlib.GetConnector(*conn)})
	db := bun.NewDB(limited(pool, cfg.MaxConns), pgdialect.New())
	return &DB{DB: db, Reader: db, Postgres: true}, nil
}

func openSQLite(cfg Config) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o750); err != nil {
		return nil, fmt.Errorf("sqldb: data folder: %w", err)
	}
	writer, err := preparing.OpenSQLite(sqliteDSN(cfg))
	if err != nil {
		return nil, fmt.Errorf("sqldb: open: %w", err)
	}
	reader, err := preparing.OpenSQLite(sqliteDSN(cfg, "query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqldb: open: %w", err), writer.Close())
	}
	return &DB{
		DB:     bun.NewDB(limited(writer, 1), sqlitedialect.New()),
		Reader: bun.NewDB(limited(reader, cfg.MaxConns), sqlitedialect.New()),
	}, nil
}

func limited(db *sql.DB, conns int) *sql.DB {
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db
}

// Close closes all connections.
func (db *DB) Close() error {
	if db.Postgres {
		return db.DB.Close()
	}
	return errors.Join(db.Reader.Close(), db.DB.Close())
}

func sqliteDSN(cfg Config, pragmas ...string) string {
	sync := "NORMAL"
	if cfg.Full {
		sync = "FULL"
	}
	q := url.Values{"_txlock": {"immediate"}}
	q["_pragma"] = append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(" + sync + ")", "foreign_keys(1)",
		// Pages that many transactions write are copied into the database once for
		// every 32 MiB of log, rather than every 4.
		"wal_autocheckpoint(8000)",
		// 16 MiB of pages at hand, and what undoes a statement of many rows too.
		"cache_size(-16384)", "temp_store(MEMORY)",
	}, pragmas...)
	return "file:" + (&url.URL{Path: cfg.Path}).EscapedPath() + "?" + q.Encode()
}

// Write runs fn in a transaction. Errors of fn are returned as they are; on
// PostgreSQL fn may run again, so it must have no effect outside the transaction.
func (db *DB) Write(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
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
