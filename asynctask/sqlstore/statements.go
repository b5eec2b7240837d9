package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
)

// Statements of the hot paths have a fixed text, with parameters $1, $2, ..., so
// that they stay prepared: on PostgreSQL the driver sees to that, on SQLite what
// OpenSQLite returns.

// query runs such a statement within tx or, if that is the database itself,
// without a transaction.
func (s *Store) query(ctx context.Context, tx db, text string, args ...any) (*sql.Rows, error) {
	return s.driver(tx).QueryContext(ctx, text, args...)
}

// exec runs such a statement for its effect alone.
func (s *Store) exec(ctx context.Context, tx db, text string, args ...any) error {
	_, err := s.driver(tx).ExecContext(ctx, text, args...)
	return err
}

// driver returns database/sql's own database or transaction of tx: bun would take
// $1 for literal text.
func (s *Store) driver(tx db) driver {
	if inTx, within := tx.(bun.Tx); within {
		return inTx.Tx
	}
	return s.db.DB
}

// driver is what *sql.DB and *sql.Tx share.
type driver interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
}

// scan runs such a statement and scans its rows into dest as bun does.
func (s *Store) scan(ctx context.Context, tx db, dest any, text string, args ...any) error {
	rows, err := s.query(ctx, tx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return errors.Join(s.db.ScanRows(ctx, rows, dest), rows.Err())
}

// found runs such a statement and reports whether it has a row.
func (s *Store) found(ctx context.Context, tx db, text string, args ...any) (bool, error) {
	rows, err := s.query(ctx, tx, text, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	found := rows.Next()
	return found, rows.Err()
}

// updateEach runs an UPDATE, whose text follows that of WITH v(columns), for
// many rows of v and scans what it returns into dest. SQLite takes the rows as
// one JSON parameter, so that the text is always the same. PostgreSQL gets them
// as text: only so it plans for their number and the table's size of now.
func (s *Store) updateEach(ctx context.Context, tx db, columns []string, update string, rows values, dest any) error {
	with := "WITH v(" + strings.Join(columns, ", ") + ") AS "
	if s.postgres {
		return tx.NewRaw(with+"(VALUES ?) "+update, rows).Scan(ctx, dest)
	}
	from := make([]string, len(columns))
	for i := range columns {
		from[i] = fmt.Sprintf("value->>%d", i)
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	return s.scan(ctx, tx, dest, with+"(SELECT "+strings.Join(from, ", ")+" FROM json_each($1)) "+update, string(list))
}
