// Package sqlrows runs statements whose values are parameters, and of which there
// are few texts: what a driver keeps prepared the database need not parse again.
// The query builder of bun, by contrast, writes values into the text, so that
// hardly two statements are the same.
package sqlrows

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// Statement is a text that is being written, with the values of its parameters.
type Statement struct {
	strings.Builder

	on       plain
	numbered bool // parameters are $1, $2, ...; else each is ?
	narrowed bool // there is a condition
	args     []any
}

// plain is database/sql below bun.
type plain interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// On returns an empty statement that will run on db.
func On(db bun.IDB) *Statement {
	s := &Statement{numbered: db.Dialect().Name() == dialect.PG}
	switch db := db.(type) {
	case bun.Tx:
		s.on = db.Tx
	case bun.Conn:
		s.on = db.Conn
	case *bun.DB:
		s.on = db.DB
	default: // somebody's own, which takes what bun does
		s.on, s.numbered = db, false
	}
	return s
}

// Value writes a parameter.
func (s *Statement) Value(value any) {
	s.args = append(s.args, value)
	if !s.numbered {
		s.WriteByte('?')
		return
	}
	s.WriteByte('$')
	s.WriteString(strconv.Itoa(len(s.args)))
}

// And writes a condition that must hold too. A ? in it becomes the value.
func (s *Statement) And(condition string, value any) {
	s.narrow()
	before, after, found := strings.Cut(condition, "?")
	s.WriteString(before)
	if found {
		s.Value(value)
	}
	s.WriteString(after)
}

// AndIn writes the condition that what, a column or an expression of text, is one
// of the values.
func (s *Statement) AndIn(what string, values []string) {
	s.narrow()
	s.WriteString(what)
	if s.numbered {
		var all array
		for _, value := range values {
			all.quote(value)
		}
		s.WriteString(" = ANY(")
		s.Value(all.end())
		s.WriteString("::text[])")
		return
	}
	s.WriteString(" IN (")
	s.list(values)
	s.WriteByte(')')
}

// list writes parameters separated by commas. It repeats the last one until their
// number is a power of two, so that there are few texts; for no value it writes
// NULL, which IN takes for none.
func (s *Statement) list(values []string) {
	if len(values) == 0 {
		s.WriteString("NULL")
	}
	for i := range padded(len(values)) {
		if i > 0 {
			s.WriteByte(',')
		}
		s.Value(values[min(i, len(values)-1)])
	}
}

// padded is the least power of two that is not below n, or 0.
func padded(n int) int {
	if n == 0 {
		return 0
	}
	return 1 << bits.Len(uint(n-1))
}

// Numbers writes a table of the columns id and n. Like [Statement.AndIn] it repeats
// the last row, where that makes for fewer texts.
func (s *Statement) Numbers(of map[string]int) {
	ids := slices.Sorted(maps.Keys(of))
	if s.numbered {
		var texts, numbers array
		for _, id := range ids {
			texts.quote(id)
			numbers.plain(strconv.Itoa(of[id]))
		}
		s.WriteString("(SELECT id, n FROM unnest(")
		s.Value(texts.end())
		s.WriteString("::text[], ")
		s.Value(numbers.end())
		s.WriteString("::bigint[]) AS u (id, n))")
		return
	}
	s.WriteString("(SELECT column1 AS id, column2 AS n FROM (VALUES ")
	for i := range padded(len(ids)) {
		if i > 0 {
			s.WriteByte(',')
		}
		id := ids[min(i, len(ids)-1)]
		s.WriteByte('(')
		s.Value(id)
		s.WriteByte(',')
		s.Value(of[id])
		s.WriteByte(')')
	}
	s.WriteString("))")
}

func (s *Statement) narrow() {
	if s.narrowed {
		s.WriteString(" AND ")
	} else {
		s.WriteString(" WHERE ")
	}
	s.narrowed = true
}

// Exec runs the statement and returns how many rows it has changed.
func (s *Statement) Exec(ctx context.Context) (int, error) {
	result, err := s.on.ExecContext(ctx, s.String(), s.args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// Scan runs the statement and scans its rows into dest as bun does.
func (s *Statement) Scan(ctx context.Context, db *bun.DB, dest any) error {
	rows, err := s.on.QueryContext(ctx, s.String(), s.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return errors.Join(db.ScanRows(ctx, rows, dest), rows.Err())
}
