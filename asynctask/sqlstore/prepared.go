package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/uptrace/bun"
)

// prepared keeps the statements of the hot paths on SQLite: it spends more on
// parsing one than on running it. On PostgreSQL the driver does this.
type prepared struct {
	mu     sync.Mutex
	byText map[string]*sql.Stmt // closed with the database's connections
}

func (p *prepared) get(ctx context.Context, db *sql.DB, text string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stmt := p.byText[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := db.PrepareContext(ctx, text) //nolint:sqlclosecheck // lives as long as the database
	if err != nil {
		return nil, err
	}
	if p.byText == nil {
		p.byText = make(map[string]*sql.Stmt)
	}
	p.byText[text] = stmt
	return stmt, nil
}

// in is the statement of that text, running within tx or, if that is the database
// itself, without a transaction.
func (p *prepared) in(ctx context.Context, db *sql.DB, tx db, text string) (*sql.Stmt, error) {
	stmt, err := p.get(ctx, db, text)
	if inTx, within := tx.(bun.Tx); within && err == nil {
		stmt = inTx.StmtContext(ctx, stmt) // ends with the transaction
	}
	return stmt, err
}

// query runs a statement of fixed text, with parameters $1, $2, ..., within tx
// or, if that is the database itself, without a transaction.
func (s *Store) query(ctx context.Context, tx db, text string, args ...any) (*sql.Rows, error) {
	if s.postgres {
		return s.driver(tx).QueryContext(ctx, text, args...)
	}
	stmt, err := s.prepared.in(ctx, s.db.DB, tx, text) //nolint:sqlclosecheck // see in
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// exec runs such a statement for its effect alone.
func (s *Store) exec(ctx context.Context, tx db, text string, args ...any) error {
	if s.postgres {
		_, err := s.driver(tx).ExecContext(ctx, text, args...)
		return err
	}
	stmt, err := s.prepared.in(ctx, s.db.DB, tx, text) //nolint:sqlclosecheck // see in
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(ctx, args...)
	return err
}

// driver is what tx is beneath bun, whose placeholders are others.
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
