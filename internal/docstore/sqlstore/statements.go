package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
)

var schema = []string{
	`CREATE TABLE IF NOT EXISTS documents (
		collection TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
		data BLOB NOT NULL, fields BLOB NOT NULL,
		PRIMARY KEY (collection, id)) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS document_fields (
		collection TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
		PRIMARY KEY (collection, name, value, id)) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS outbox (
		seq INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL,
		data BLOB NOT NULL, lease_until INTEGER NOT NULL DEFAULT 0)`,
	`CREATE INDEX IF NOT EXISTS outbox_stream ON outbox (stream, lease_until)`,
}

// statements are prepared once: parsing SQL costs more than running it here.
type statements struct {
	get, page, equal, between *sql.Stmt // on the readers
	pending, waiting          *sql.Stmt

	current, insert, replace, remove *sql.Stmt // on the writer
	addField, dropField              *sql.Stmt
	addEvent, claim, settle, release *sql.Stmt
}

const (
	ofDocument = `SELECT d.id, d.version, d.data FROM documents AS d `
	byField    = ofDocument + `JOIN document_fields AS f ON f.collection = d.collection AND f.id = d.id
		WHERE f.collection = ? AND f.name = ? AND `
)

func (b *Backend) prepare(ctx context.Context) error {
	s := &b.stmts
	for _, p := range []struct {
		into **sql.Stmt
		db   *sql.DB
		text string
	}{
		{&s.get, b.reader, ofDocument + `WHERE d.collection = ? AND d.id = ?`},
		{&s.page, b.reader, ofDocument + `WHERE d.collection = ? AND d.id > ? ORDER BY d.id LIMIT ?`},
		// With one value the index is in the order of ids already.
		{&s.equal, b.reader, byField + `f.value = ? AND f.id > ? ORDER BY f.id LIMIT ?`},
		{&s.between, b.reader, byField + `f.value BETWEEN ? AND ? AND f.id > ? ORDER BY f.id LIMIT ?`},
		{&s.pending, b.reader, `SELECT EXISTS (SELECT 1 FROM outbox)`},
		{&s.waiting, b.reader, `SELECT COALESCE(MIN(seq), 0), COALESCE(MAX(seq), 0) FROM outbox`},

		{&s.current, b.writer, `SELECT version, fields FROM documents WHERE collection = ? AND id = ?`},
		{&s.insert, b.writer, `INSERT INTO documents (version, data, fields, collection, id) VALUES (?, ?, ?, ?, ?)`},
		{&s.replace, b.writer, `UPDATE documents SET version = ?, data = ?, fields = ? WHERE collection = ? AND id = ?`},
		{&s.remove, b.writer, `DELETE FROM documents WHERE collection = ? AND id = ?`},
		{&s.addField, b.writer, `INSERT INTO document_fields (collection, name, value, id) VALUES (?, ?, ?, ?)`},
		{&s.dropField, b.writer, `DELETE FROM document_fields WHERE collection = ? AND name = ? AND value = ? AND id = ?`},
		{&s.addEvent, b.writer, `INSERT INTO outbox (stream, data) VALUES (?, ?)`},
		// The oldest events of the streams of which nothing is leased.
		{&s.claim, b.writer, `UPDATE outbox SET lease_until = ? WHERE seq IN (
			SELECT o.seq FROM outbox AS o
			WHERE NOT EXISTS (SELECT 1 FROM outbox AS p WHERE p.stream = o.stream AND p.lease_until > ?)
			ORDER BY o.seq LIMIT ?)
			RETURNING seq, stream, data, lease_until`},
		{&s.settle, b.writer, `DELETE FROM outbox WHERE seq = ?`},
		{&s.release, b.writer, `UPDATE outbox SET lease_until = 0 WHERE seq = ? AND lease_until = ?`},
	} {
		stmt, err := p.db.PrepareContext(ctx, p.text) //nolint:sqlclosecheck // closed with its database
		if err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		*p.into = stmt
	}
	return nil
}
