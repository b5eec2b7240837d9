package statedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

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

func (t table[T, R, P]) Get(ctx context.Context, id string) (T, error) {
	var r R
	query := t.tx.db.NewSelect().Model(&r).Where("id = ?", id)
	if t.tx.locking {
		query = query.For("UPDATE")
	}
	err := query.Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = management.ErrNotFound
	}
	if err != nil {
		var none T
		return none, wrap("get", err)
	}
	return P(&r).to(), nil
}

func (t table[T, R, P]) GetAll(ctx context.Context, ids ...string) ([]T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []R
	query := t.tx.db.NewSelect().Model(&rows).Where("id IN (?)", bun.List(ids)).OrderExpr("id")
	if t.tx.locking {
		query = query.For("UPDATE")
	}
	if err := query.Scan(ctx); err != nil {
		return nil, wrap("get all", err)
	}
	return decode[T, R, P](rows), nil
}

func decode[T, R any, P row[T, R]](rows []R) []T {
	var values []T
	for i := range rows {
		values = append(values, P(&rows[i]).to())
	}
	return values
}

// Insert leaves the transaction usable when the row exists: it asks for no
// conflict rather than running into one.
func (t table[T, R, P]) Insert(ctx context.Context, value T) error {
	r, err := t.encode(value)
	if err != nil {
		return err
	}
	result, err := t.tx.db.NewInsert().Model(r).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx)
	return affected("insert", result, err, management.ErrExists)
}

func (t table[T, R, P]) InsertAll(ctx context.Context, values ...T) (int, error) {
	rows, err := t.encodeAll(values)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	result, err := t.tx.db.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx)
	if err != nil {
		return 0, wrap("insert all", err)
	}
	n, err := result.RowsAffected()
	return int(n), wrap("insert all", err)
}

func (t table[T, R, P]) PutAll(ctx context.Context, values ...T) error {
	rows, err := t.encodeAll(values)
	if err != nil || len(rows) == 0 {
		return err
	}
	_, err = t.tx.db.NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE").Returning("NULL").Exec(ctx)
	return wrap("put all", err)
}

func (t table[T, R, P]) Update(ctx context.Context, value T) error {
	r, err := t.encode(value)
	if err != nil {
		return err
	}
	result, err := t.tx.db.NewUpdate().Model(r).WherePK().Exec(ctx)
	return affected("update", result, err, management.ErrNotFound)
}

func (t table[T, R, P]) encode(value T) (P, error) {
	if t.tx.readOnly {
		return nil, errReadOnly
	}
	r := P(new(R))
	r.from(value)
	return r, nil
}

func (t table[T, R, P]) encodeAll(values []T) ([]R, error) {
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
	var rows []R
	query, err := t.columns.narrow(t.tx.db.NewSelect().Model(&rows), f)
	if err != nil {
		return nil, err
	}
	query = query.OrderExpr("id")
	if f.Limit > 0 {
		query = query.Limit(int64(f.Limit))
	}
	if t.tx.locking && t.columns.shareLists {
		query = query.For("SHARE")
	}
	if err := query.Scan(ctx); err != nil {
		return nil, wrap("list", err)
	}
	return decode[T, R, P](rows), nil
}

func (t table[T, R, P]) Count(ctx context.Context, f management.Filter) (int, error) {
	query, err := t.columns.narrow(t.tx.db.NewSelect().Model((*R)(nil)), f)
	if err != nil {
		return 0, err
	}
	n, err := query.Count(ctx)
	return int(n), wrap("count", err)
}

func (t table[T, R, P]) CountByAccount(ctx context.Context, f management.Filter) (map[string]int, error) {
	if t.columns.account == "" {
		return nil, errors.New("statedb: the rows of this table belong to no account")
	}
	query, err := t.columns.narrow(t.tx.db.NewSelect().Model((*R)(nil)), f)
	if err != nil {
		return nil, err
	}
	var groups []struct {
		AccountID string `bun:"account_id"`
		Rows      int    `bun:"n"`
	}
	if err := query.Column("account_id").ColumnExpr("count(*) AS n").Group("account_id").Scan(ctx, &groups); err != nil {
		return nil, wrap("count by account", err)
	}
	counts := make(map[string]int, len(groups))
	for _, g := range groups {
		counts[g.AccountID] = g.Rows
	}
	return counts, nil
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

// columns says which fields of a Filter a table has, and by which condition.
type columns struct {
	account, project, resource, name, opType      string
	pending, live, deleted, check, purge, created string
	shareLists                                    bool
	foldNames                                     bool // names compare in lower case
}

func (c columns) folded(names []string) []string {
	if !c.foldNames {
		return names
	}
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(name)
	}
	return lower
}

// narrow applies the filter; a field that the table has no condition for is an
// error rather than a wider answer.
func (c columns) narrow(q *bun.SelectQuery, f management.Filter) (*bun.SelectQuery, error) {
	var err error
	where := func(set bool, field, condition string, args ...any) {
		switch {
		case !set:
		case condition == "":
			err = fmt.Errorf("statedb: this table cannot be filtered by %s", field)
		default:
			q = q.Where(condition, args...)
		}
	}
	where(f.AccountID != "", "AccountID", c.account, bun.List([]string{f.AccountID}))
	where(f.AccountIDs != nil, "AccountIDs", c.account, bun.List(f.AccountIDs))
	where(f.ProjectID != "", "ProjectID", c.project, f.ProjectID)
	where(f.ResourceID != "", "ResourceID", c.resource, f.ResourceID)
	where(f.Names != nil, "Names", c.name, bun.List(c.folded(f.Names)))
	where(f.Type != "", "Type", c.opType, f.Type)
	where(f.Pending, "Pending", c.pending)
	where(f.Finished, "Finished", not(c.pending))
	where(f.Live, "Live", c.live)
	where(!f.DeletedBy.IsZero(), "DeletedBy", c.deleted, micros(f.DeletedBy))
	where(!f.CheckBy.IsZero(), "CheckBy", c.check, micros(f.CheckBy))
	where(!f.PurgeBy.IsZero(), "PurgeBy", c.purge, micros(f.PurgeBy))
	where(!f.Before.IsZero(), "Before", c.created, micros(f.Before))
	if f.After != "" {
		q = q.Where("id > ?", f.After)
	}
	return q, err
}

func not(condition string) string {
	if condition == "" {
		return ""
	}
	return "NOT " + condition
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
