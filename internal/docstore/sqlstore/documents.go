package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/internal/docstore"
)

type documentRow struct {
	bun.BaseModel `bun:"table:documents"`

	Collection string `bun:"collection,pk"`
	ID         string `bun:"id,pk"`
	Version    int64  `bun:"version"`
	Data       []byte `bun:"data"`
	Fields     []byte `bun:"fields"` // JSON of its document_fields, so that they can be removed
}

type fieldRow struct {
	bun.BaseModel `bun:"table:document_fields"`

	Collection string `bun:"collection"`
	Name       string `bun:"name"`
	Value      string `bun:"value"`
	ID         string `bun:"id"`
}

// Write implements docstore.Backend.
func (b *Backend) Write(ctx context.Context, w docstore.Write) (int64, error) {
	var version int64
	err := b.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		old, err := current(ctx, tx, w)
		if err != nil {
			return err
		}
		if w.Op != docstore.OpDelete {
			version = old.Version + 1
		}
		if err := store(ctx, tx, w, old, version); err != nil {
			return err
		}
		return appendEvents(ctx, tx, w.Events)
	})
	if err != nil {
		return 0, wrap("write", err)
	}
	return version, nil
}

// current returns the stored row, or the reason why the write must not happen.
func current(ctx context.Context, tx bun.Tx, w docstore.Write) (documentRow, error) {
	var old documentRow
	err := tx.NewSelect().Model(&old).Column("version", "fields").
		Where("collection = ? AND id = ?", w.Collection, w.ID).Scan(ctx)
	missing := errors.Is(err, sql.ErrNoRows)
	switch {
	case err != nil && !missing:
		return old, err
	case w.Op == docstore.OpInsert && !missing:
		return old, docstore.ErrExists
	case w.Op != docstore.OpInsert && missing:
		return old, docstore.ErrNotFound
	case w.Op != docstore.OpInsert && w.Version != 0 && w.Version != old.Version:
		return old, docstore.ErrConflict
	}
	return old, nil
}

func store(ctx context.Context, tx bun.Tx, w docstore.Write, old documentRow, version int64) error {
	fields, err := json.Marshal(w.Fields)
	if err != nil {
		return err
	}
	row := &documentRow{Collection: w.Collection, ID: w.ID, Version: version, Data: w.Data, Fields: fields}
	switch w.Op {
	case docstore.OpInsert:
		_, err = tx.NewInsert().Model(row).Exec(ctx)
	case docstore.OpReplace:
		_, err = tx.NewUpdate().Model(row).WherePK().Exec(ctx)
	case docstore.OpDelete:
		w.Fields = nil
		_, err = tx.NewDelete().Model(row).WherePK().Exec(ctx)
	default:
		return fmt.Errorf("unknown operation %d", w.Op)
	}
	if err != nil {
		return err
	}
	return reindex(ctx, tx, w, old.Fields)
}

// reindex makes document_fields hold exactly w.Fields.
func reindex(ctx context.Context, tx bun.Tx, w docstore.Write, stored []byte) error {
	stale := map[docstore.Field]bool{}
	if len(stored) > 0 {
		var fields []docstore.Field
		if err := json.Unmarshal(stored, &fields); err != nil {
			return err
		}
		for _, f := range fields {
			stale[f] = true
		}
	}
	for _, f := range w.Fields {
		if stale[f] {
			delete(stale, f)
			continue
		}
		row := &fieldRow{Collection: w.Collection, Name: f.Name, Value: f.Value, ID: w.ID}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
	}
	for f := range stale {
		_, err := tx.NewDelete().Model((*fieldRow)(nil)).
			Where("collection = ? AND name = ? AND value = ? AND id = ?", w.Collection, f.Name, f.Value, w.ID).
			Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// Get implements docstore.Backend.
func (b *Backend) Get(ctx context.Context, collection, id string) (docstore.Record, error) {
	var row documentRow
	err := b.db.NewSelect().Model(&row).Column("id", "version", "data").
		Where("collection = ? AND id = ?", collection, id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return docstore.Record{}, fmt.Errorf("%w: %s/%s", docstore.ErrNotFound, collection, id)
	}
	if err != nil {
		return docstore.Record{}, wrap("get", err)
	}
	return docstore.Record{ID: row.ID, Version: row.Version, Data: row.Data}, nil
}

// Find implements docstore.Backend.
func (b *Backend) Find(ctx context.Context, q docstore.Query) ([]docstore.Record, error) {
	var rows []documentRow
	sel := b.db.NewSelect().Model(&rows).ColumnExpr("document_row.id, document_row.version, document_row.data").
		Where("document_row.collection = ?", q.Collection).Limit(int64(q.Limit))
	if q.Field == "" {
		sel = sel.Where("document_row.id > ?", q.After).OrderExpr("document_row.id")
	} else {
		sel = sel.Join("JOIN document_fields AS f ON f.collection = document_row.collection AND f.id = document_row.id").
			Where("f.collection = ? AND f.name = ?", q.Collection, q.Field).
			Where("f.id > ?", q.After).OrderExpr("f.id")
		if q.From == q.To {
			sel = sel.Where("f.value = ?", q.From) // the index is then already in the order of ids
		} else {
			sel = sel.Where("f.value BETWEEN ? AND ?", q.From, q.To)
		}
	}
	if err := sel.Scan(ctx); err != nil {
		return nil, wrap("find", err)
	}
	records := make([]docstore.Record, len(rows))
	for i, row := range rows {
		records[i] = docstore.Record{ID: row.ID, Version: row.Version, Data: row.Data}
	}
	return records, nil
}

// wrap keeps the port's own errors as they are and says where the others come from.
func wrap(op string, err error) error {
	return fmt.Errorf("sqlstore: %s: %w", op, err)
}
