package sqlrows

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math/bits"
	"reflect"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// mostRows of one statement.
const mostRows = 64

// Insert inserts rows of a bun model, with what conflict says after "ON CONFLICT",
// nothing if it is empty, and returns how many it has inserted or changed. SQLite
// gets a statement for each power of two in the number of rows, so that there are
// few texts; for PostgreSQL a round trip costs more than another text.
func Insert[R any](ctx context.Context, db bun.IDB, rows []R, conflict string) (int, error) {
	table := db.Dialect().Tables().Get(reflect.TypeFor[R]())
	done := 0
	for len(rows) > 0 {
		s := On(db)
		n := min(mostRows, len(rows))
		if !s.numbered {
			n = 1 << (bits.Len(uint(n)) - 1)
		}
		if err := s.insert(table, reflect.ValueOf(rows[:n]), conflict); err != nil {
			return done, err
		}
		changed, err := s.Exec(ctx)
		if err != nil {
			return done, err
		}
		done, rows = done+changed, rows[n:]
	}
	return done, nil
}

func (s *Statement) insert(table *schema.Table, rows reflect.Value, conflict string) error {
	s.WriteString("INSERT INTO " + string(table.SQLName) + " (")
	for i, f := range stored(table) {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(string(f.SQLName))
	}
	s.WriteString(") VALUES ")
	for i := range rows.Len() {
		if i > 0 {
			s.WriteByte(',')
		}
		if err := s.row(table, rows.Index(i)); err != nil {
			return err
		}
	}
	if conflict != "" {
		s.WriteString(" ON CONFLICT " + conflict)
	}
	return nil
}

func (s *Statement) row(table *schema.Table, row reflect.Value) error {
	s.WriteByte('(')
	for i, f := range stored(table) {
		if i > 0 {
			s.WriteByte(',')
		}
		value, err := s.cell(f, row)
		if err != nil {
			return err
		}
		s.Value(value)
	}
	s.WriteByte(')')
	return nil
}

// stored are the columns that the database does not make itself.
func stored(table *schema.Table) []*schema.Field {
	if len(table.PKs) == 1 && table.PKs[0].AutoIncrement {
		return table.DataFields
	}
	return table.Fields
}

// cell is a field as drivers take it and as bun writes it: maps as JSON, and times
// in SQLite as text.
func (s *Statement) cell(f *schema.Field, row reflect.Value) (any, error) {
	if f.NullZero && f.HasZeroValue(row) {
		return nil, nil
	}
	v := f.Value(row)
	switch value := v.Interface().(type) {
	case driver.Valuer:
		return value, nil
	case time.Time:
		if s.numbered {
			return value, nil
		}
		return value.UTC().Format("2006-01-02 15:04:05.999999-07:00"), nil
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), nil
	case reflect.Map:
		text, err := json.Marshal(v.Interface())
		if err != nil {
			return nil, fmt.Errorf("sqlrows: column %s: %w", f.Name, err)
		}
		return string(text), nil
	default:
		return v.Interface(), nil
	}
}
