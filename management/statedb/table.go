package statedb

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/hexplane/hexplane/internal/sqlrows"
	"github.com/hexplane/hexplane/management"
)

// row is a bun model of a T.
type row[T, R any] interface {
	*R
	from(value T)
	to() T
}

// table implements management.Table over the model R.
type table[T, R any, P row[T, R]] struct {
	tx      *tx
	columns columns
}

// selecting begins a query for what of the table's rows.
func (t table[T, R, P]) selecting(what string) *sqlrows.Statement {
	query := sqlrows.On(t.tx.db)
	query.WriteString("SELECT " + what + " FROM " + string(t.tx.db.Dialect().Tables().Get(reflect.TypeFor[R]()).SQLName))
	return query
}

// rows runs a query for whole rows, with a lock on PostgreSQL.
func (t table[T, R, P]) rows(ctx context.Context, query *sqlrows.Statement, lock string) ([]T, error) {
	if t.tx.locking {
		query.WriteString(lock)
	}
	var rows []R
	if err := query.Scan(ctx, t.tx.store.db.DB, &rows); err != nil {
		return nil, err
	}
	var values []T
	for i := range rows {
		values = append(values, P(&rows[i]).to())
	}
	return values, nil
}

func (t table[T, R, P]) Get(ctx context.Context, id string) (T, error) {
	var none T
	query := t.selecting("*")
	query.And("id = ?", id)
	found, err := t.rows(ctx, query, " FOR UPDATE")
	if err == nil && len(found) == 0 {
		err = management.ErrNotFound
	}
	if err != nil {
		return none, wrap("get", err)
	}
	return found[0], nil
}

func (t table[T, R, P]) GetAll(ctx context.Context, ids ...string) ([]T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	query := t.selecting("*")
	query.AndIn("id", slices.Compact(slices.Sorted(slices.Values(ids))))
	query.WriteString(" ORDER BY id")
	found, err := t.rows(ctx, query, " FOR UPDATE")
	return found, wrap("get all", err)
}

// Insert leaves the transaction usable when the row exists: it asks for no
// conflict rather than running into one.
func (t table[T, R, P]) Insert(ctx context.Context, value T) error {
	stored, err := t.InsertAll(ctx, value)
	if err == nil && stored == 0 {
		return wrap("insert", management.ErrExists)
	}
	return err
}

func (t table[T, R, P]) InsertAll(ctx context.Context, values ...T) (int, error) {
	rows, err := t.encode(values)
	if err != nil {
		return 0, err
	}
	stored, err := sqlrows.Insert(ctx, t.tx.db, rows, "DO NOTHING")
	return stored, wrap("insert", err)
}

func (t table[T, R, P]) PutAll(ctx context.Context, values ...T) error {
	rows, err := t.encode(values)
	if err != nil || len(rows) == 0 {
		return err
	}
	_, err = t.tx.db.NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE").Returning("NULL").Exec(ctx)
	return wrap("put all", err)
}

func (t table[T, R, P]) Update(ctx context.Context, value T) error {
	rows, err := t.encode([]T{value})
	if err != nil {
		return err
	}
	result, err := t.tx.db.NewUpdate().Model(&rows[0]).WherePK().Exec(ctx)
	return affected("update", result, err, management.ErrNotFound)
}

func (t table[T, R, P]) encode(values []T) ([]R, error) {
	if t.tx.readOnly {
		return nil, errReadOnly
	}
	rows := make([]R, len(values))
	for i, value := range values {
		P(&rows[i]).from(value)
	}
	return rows, nil
}

func (t table[T, R, P]) Delete(ctx context.Context, id string) error {
	if t.tx.readOnly {
		return errReadOnly
	}
	_, err := t.tx.db.NewDelete().Model((*R)(nil)).Where("id = ?", id).Exec(ctx)
	return wrap("delete", err)
}

func (t table[T, R, P]) List(ctx context.Context, f management.Filter) ([]T, error) {
	query := t.selecting("*")
	if err := t.columns.narrow(query, f); err != nil {
		return nil, err
	}
	order := " ORDER BY id"
	if f.Finished {
		order = " ORDER BY created_at, id" // the index of these has them by age
	}
	query.WriteString(order)
	if f.Limit > 0 {
		query.WriteString(" LIMIT ")
		query.Value(f.Limit)
	}
	lock := ""
	if t.columns.shareLists {
		lock = " FOR SHARE"
	}
	found, err := t.rows(ctx, query, lock)
	return found, wrap("list", err)
}

func (t table[T, R, P]) Count(ctx context.Context, f management.Filter) (n int, err error) {
	query := t.selecting("count(*)")
	if err := t.columns.narrow(query, f); err != nil {
		return 0, err
	}
	return n, wrap("count", query.Scan(ctx, t.tx.store.db.DB, &n))
}

func affected(op string, result sql.Result, err, none error) error {
	if err != nil {
		return wrap(op, err)
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		return none
	}
	return wrap(op, err)
}

func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("statedb: %s: %w", op, err)
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
