package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/internal/docstore"
)

// stored is what a write finds: nothing has version 0.
type stored struct {
	version int64
	fields  []byte // JSON of its document_fields, so that they can be removed
}

// Write implements docstore.Backend.
func (b *Backend) Write(ctx context.Context, w docstore.Write) (int64, error) {
	var version int64
	err := b.write(ctx, func(tx *transaction) error {
		old, err := b.current(tx, w)
		if err != nil {
			return err
		}
		if w.Op != docstore.OpDelete {
			version = old.version + 1
		}
		if err := b.store(tx, w, version); err != nil {
			return err
		}
		if err := b.reindex(tx, w, old.fields); err != nil {
			return err
		}
		for _, e := range w.Events {
			if err := tx.exec(b.stmts.addEvent, e.Stream, e.Data); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, wrap("write", err)
	}
	return version, nil
}

// current returns what is stored, or the reason why the write must not happen.
func (b *Backend) current(tx *transaction, w docstore.Write) (stored, error) {
	var old stored
	err := tx.row(b.stmts.current, w.Collection, w.ID).Scan(&old.version, &old.fields)
	missing := errors.Is(err, sql.ErrNoRows)
	switch {
	case err != nil && !missing:
		return old, err
	case w.Op == docstore.OpInsert && !missing:
		return old, docstore.ErrExists
	case w.Op != docstore.OpInsert && missing:
		return old, docstore.ErrNotFound
	case w.Op != docstore.OpInsert && w.Version != 0 && w.Version != old.version:
		return old, docstore.ErrConflict
	}
	return old, nil
}

func (b *Backend) store(tx *transaction, w docstore.Write, version int64) error {
	stmt := b.stmts.insert
	switch w.Op {
	case docstore.OpInsert:
	case docstore.OpReplace:
		stmt = b.stmts.replace
	case docstore.OpDelete:
		return tx.exec(b.stmts.remove, w.Collection, w.ID)
	default:
		return fmt.Errorf("unknown operation %d", w.Op)
	}
	fields, err := json.Marshal(w.Fields)
	if err != nil {
		return err
	}
	data := w.Data
	if data == nil {
		data = []byte{} // nil would be NULL
	}
	return tx.exec(stmt, version, data, fields, w.Collection, w.ID)
}

// reindex makes document_fields hold the fields of the write alone.
func (b *Backend) reindex(tx *transaction, w docstore.Write, before []byte) error {
	stale := map[docstore.Field]bool{}
	if len(before) > 0 {
		var fields []docstore.Field
		if err := json.Unmarshal(before, &fields); err != nil {
			return err
		}
		for _, f := range fields {
			stale[f] = true
		}
	}
	if w.Op == docstore.OpDelete {
		w.Fields = nil
	}
	for _, f := range w.Fields {
		if stale[f] {
			delete(stale, f)
			continue
		}
		if err := tx.exec(b.stmts.addField, w.Collection, f.Name, f.Value, w.ID); err != nil {
			return err
		}
	}
	for f := range stale {
		if err := tx.exec(b.stmts.dropField, w.Collection, f.Name, f.Value, w.ID); err != nil {
			return err
		}
	}
	return nil
}

// Get implements docstore.Backend.
func (b *Backend) Get(ctx context.Context, collection, id string) (docstore.Record, error) {
	if err := ctx.Err(); err != nil {
		return docstore.Record{}, err
	}
	// For a read of one row it is not worth while to watch ctx.
	row := b.stmts.get.QueryRowContext(context.WithoutCancel(ctx), collection, id)
	var rec docstore.Record
	err := row.Scan(&rec.ID, &rec.Version, &rec.Data)
	if errors.Is(err, sql.ErrNoRows) {
		return docstore.Record{}, fmt.Errorf("%w: %s/%s", docstore.ErrNotFound, collection, id)
	}
	if err != nil {
		return docstore.Record{}, wrap("get", err)
	}
	return rec, nil
}

// Find implements docstore.Backend.
func (b *Backend) Find(ctx context.Context, q docstore.Query) ([]docstore.Record, error) {
	var rows *sql.Rows
	var err error
	switch {
	case q.Field == "":
		rows, err = b.stmts.page.QueryContext(ctx, q.Collection, q.After, q.Limit)
	case q.From == q.To:
		rows, err = b.stmts.equal.QueryContext(ctx, q.Collection, q.Field, q.From, q.After, q.Limit)
	default:
		rows, err = b.stmts.between.QueryContext(ctx, q.Collection, q.Field, q.From, q.To, q.After, q.Limit)
	}
	if err != nil {
		return nil, wrap("find", err)
	}
	defer func() { _ = rows.Close() }()
	var records []docstore.Record
	for rows.Next() {
		var rec docstore.Record
		if err := rows.Scan(&rec.ID, &rec.Version, &rec.Data); err != nil {
			return nil, wrap("find", err)
		}
		records = append(records, rec)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap("find", err)
	}
	return records, nil
}
