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
	byText map[string]*sql.Stmt // closed with the database's connections; nil: wanted
	wanted []string
}

// in is the statement of that text, running within tx or, if that is the database
// itself, without a transaction; nil until prepare has prepared it.
func (p *prepared) in(ctx context.Context, tx db, text string) *sql.Stmt {
	p.mu.Lock()
	stmt, known := p.byText[text]
	if !known {
		if p.byText == nil {
			p.byText = make(map[string]*sql.Stmt)
		}
		p.byText[text] = nil
		p.wanted = append(p.wanted, text)
	}
	p.mu.Unlock()
	if inTx, within := tx.(bun.Tx); within && stmt != nil {
		stmt = inTx.StmtContext(ctx, stmt) // ends with the transaction
	}
	return stmt
}

// prepare prepares what is wanted. It is called while its caller holds no
// connection: within a transaction it would wait for one, and there may be no other.
func (p *prepared) prepare(ctx context.Context, db *sql.DB) {
	p.mu.Lock()
	wanted := p.wanted
	p.wanted = nil
	p.mu.Unlock()
	for _, text := range wanted {
		stmt, err := db.PrepareContext(ctx, text) //nolint:sqlclosecheck // lives as long as the database
		p.mu.Lock()
		if err == nil {
			p.byText[text] = stmt
		} else { // the statement's own use tells why
			delete(p.byText, text)
		}
		p.mu.Unlock()
	}
}

// query runs a statement of fixed text, with parameters $1, $2, ..., within tx
// or, if that is the database itself, without a transaction.
func (s *Store) query(ctx context.Context, tx db, text string, args ...any) (*sql.Rows, error) {
	if !s.postgres {
		if stmt := s.prepared.in(ctx, tx, text); stmt != nil { //nolint:sqlclosecheck // see in
			return stmt.QueryContext(ctx, args...)
		}
	}
	return s.driver(tx).QueryContext(ctx, text, args...)
}

// exec runs such a statement for its effect alone.
func (s *Store) exec(ctx context.Context, tx db, text string, args ...any) error {
	if !s.postgres {
		if stmt := s.prepared.in(ctx, tx, text); stmt != nil { //nolint:sqlclosecheck // see in
			_, err := stmt.ExecContext(ctx, args...)
			return err
		}
	}
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
