package managementtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hexplane/hexplane/management"
)

var errReadOnly = errors.New("managementtest: write within View")

// columns are the filterable values of a row; a nil one is a column that the table has not.
type columns struct {
	account, project, resource, name *string
	opType                           *management.OperationType
	pending                          *bool
	deleted, check, purge, created   *time.Time
	purging                          bool
	nameCase                         bool // names compare with case
}

// schema describes one table.
type schema[T any] struct {
	id      func(T) string
	columns func(*T) columns
	unique  func(T) []string // values that no two rows share, with a prefix each
}

type memTable[T any] struct {
	schema   schema[T]
	rows     map[string]T
	readOnly bool
}

func (t *memTable[T]) clone(readOnly bool) *memTable[T] {
	return &memTable[T]{schema: t.schema, rows: maps.Clone(t.rows), readOnly: readOnly}
}

func (t *memTable[T]) Get(_ context.Context, id string) (T, error) {
	row, ok := t.rows[id]
	if !ok {
		return row, management.ErrNotFound
	}
	return row, nil
}

func (t *memTable[T]) Insert(_ context.Context, row T) error {
	id := t.schema.id(row)
	if _, ok := t.rows[id]; ok {
		return management.ErrExists
	}
	return t.put(id, row)
}

func (t *memTable[T]) GetAll(_ context.Context, ids ...string) ([]T, error) {
	var found []T
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if row, ok := t.rows[id]; ok {
			found = append(found, row)
		}
	}
	return found, nil
}

func (t *memTable[T]) InsertAll(ctx context.Context, rows ...T) (int, error) {
	inserted := 0
	for _, row := range rows {
		switch err := t.Insert(ctx, row); {
		case err == nil:
			inserted++
		case !errors.Is(err, management.ErrExists):
			return 0, err
		}
	}
	return inserted, nil
}

func (t *memTable[T]) PutAll(_ context.Context, rows ...T) error {
	for _, row := range rows {
		if err := t.put(t.schema.id(row), row); err != nil {
			return err
		}
	}
	return nil
}

func (t *memTable[T]) Update(_ context.Context, row T) error {
	id := t.schema.id(row)
	if _, ok := t.rows[id]; !ok {
		return management.ErrNotFound
	}
	return t.put(id, row)
}

func (t *memTable[T]) put(id string, row T) error {
	if t.readOnly {
		return errReadOnly
	}
	for other, r := range t.rows {
		if other == id {
			continue
		}
		taken := t.schema.unique(r)
		for _, value := range t.schema.unique(row) {
			if slices.Contains(taken, value) {
				return management.ErrExists
			}
		}
	}
	t.rows[id] = row
	return nil
}

func (t *memTable[T]) Delete(_ context.Context, id string) error {
	if t.readOnly {
		return errReadOnly
	}
	delete(t.rows, id)
	return nil
}

func (t *memTable[T]) List(_ context.Context, f management.Filter) ([]T, error) {
	var found []T
	for _, id := range slices.Sorted(maps.Keys(t.rows)) {
		row := t.rows[id]
		if id <= f.After {
			continue
		}
		ok, err := t.schema.columns(&row).pass(f)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, row)
		}
	}
	if f.Finished {
		slices.SortStableFunc(found, func(a, b T) int {
			return t.schema.columns(&a).created.Compare(*t.schema.columns(&b).created)
		})
	}
	if f.Limit > 0 && len(found) > f.Limit {
		found = found[:f.Limit]
	}
	return found, nil
}

func (t *memTable[T]) Count(ctx context.Context, f management.Filter) (int, error) {
	rows, err := t.List(ctx, f)
	return len(rows), err
}

// pass applies the filter, field by field; a field that the table has no column
// for is an error.
func (c columns) pass(f management.Filter) (bool, error) {
	ok := true
	var bad []string
	text := func(want string, have *string, name string) {
		if want == "" {
			return
		}
		if have == nil {
			bad = append(bad, name)
			return
		}
		ok = ok && *have == want
	}
	anyOf := func(want []string, have *string, name string, same func(a, b string) bool) {
		if want == nil {
			return
		}
		if have == nil {
			bad = append(bad, name)
			return
		}
		ok = ok && slices.ContainsFunc(want, func(w string) bool { return same(w, *have) })
	}
	exact := func(a, b string) bool { return a == b }
	nameSame := strings.EqualFold
	if c.nameCase {
		nameSame = exact
	}
	moment := func(want time.Time, have *time.Time, name string, pass func(have, want time.Time) bool) {
		if want.IsZero() {
			return
		}
		if have == nil {
			bad = append(bad, name)
			return
		}
		ok = ok && !have.IsZero() && pass(*have, want)
	}
	text(f.AccountID, c.account, "AccountID")
	text(f.ProjectID, c.project, "ProjectID")
	text(f.ResourceID, c.resource, "ResourceID")
	anyOf(f.AccountIDs, c.account, "AccountIDs", exact)
	anyOf(f.ResourceIDs, c.resource, "ResourceIDs", exact)
	anyOf(f.Names, c.name, "Names", nameSame)
	text(string(f.Type), (*string)(c.opType), "Type")
	notAfter := func(have, want time.Time) bool { return !have.After(want) }
	moment(f.DeletedBy, c.deleted, "DeletedBy", func(have, want time.Time) bool { return !have.Before(want) })
	moment(f.CheckBy, c.check, "CheckBy", notAfter)
	moment(f.PurgeBy, c.purge, "PurgeBy", func(have, want time.Time) bool { return !c.purging && notAfter(have, want) })
	moment(f.Before, c.created, "Before", time.Time.Before)
	ok = ok && (!f.Live || c.deleted == nil || c.deleted.IsZero())
	ok = ok && (!f.Pending || c.pending != nil && *c.pending) && (!f.Finished || c.pending != nil && !*c.pending)
	if len(bad) > 0 {
		return false, fmt.Errorf("managementtest: this table cannot be filtered by %v", bad)
	}
	return ok, nil
}
