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

// mostRows of one statement for SQLite.
const mostRows = 64

// Insert inserts rows of a bun model, with what conflict says after "ON CONFLICT",
// nothing if it is empty, and returns how many it has inserted or changed.
// PostgreSQL gets one statement, of one text for any number of rows; SQLite one for
// each power of two in their number, so that there are few texts.
func Insert[R any](ctx context.Context, db bun.IDB, rows []R, conflict string) (int, error) {
	table := db.Dialect().Tables().Get(reflect.TypeFor[R]())
	done := 0
	for len(rows) > 0 {
		s := On(db)
		write, n := s.arrays, len(rows)
		if !s.numbered {
			n = min(mostRows, n)
			write, n = s.values, 1<<(bits.Len(uint(n))-1)
		}
		s.into(table)
		if err := write(stored(table), reflect.ValueOf(rows[:n])); err != nil {
			return done, err
		}
		if conflict != "" {
			s.WriteString(" ON CONFLICT " + conflict)
		}
		changed, err := s.Exec(ctx)
		if err != nil {
			return done, err
		}
		done, rows = done+changed, rows[n:]
	}
	return done, nil
}

func (s *Statement) into(table *schema.Table) {
	s.WriteString("INSERT INTO " + string(table.SQLName) + " (")
	for i, f := range stored(table) {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(string(f.SQLName))
	}
	s.WriteByte(')')
}

// values writes a parameter for each cell.
func (s *Statement) values(columns []*schema.Field, rows reflect.Value) error {
	s.WriteString(" VALUES ")
	for i := range rows.Len() {
		if i > 0 {
			s.WriteByte(',')
		}
		for j, f := range columns {
			s.WriteByte("(,"[min(j, 1)])
			value, err := s.cell(f, rows.Index(i))
			if err != nil {
				return err
			}
			s.Value(value)
		}
		s.WriteByte(')')
	}
	return nil
}

// arrays writes a parameter for each column.
func (s *Statement) arrays(columns []*schema.Field, rows reflect.Value) error {
	s.WriteString(" SELECT * FROM unnest(") //nolint:unqueryvet // all the arrays that are given
	for j, f := range columns {
		if j > 0 {
			s.WriteByte(',')
		}
		var all array
		for i := range rows.Len() {
			value, err := s.cell(f, rows.Index(i))
			if err == nil {
				err = all.add(value)
			}
			if err != nil {
				return err
			}
		}
		s.Value(all.end())
		s.WriteString("::" + element(f) + "[]")
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
