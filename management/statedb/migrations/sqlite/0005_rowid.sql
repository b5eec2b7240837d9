-- Rows of several hundred bytes, each after the one before, are appended to a table
-- by rowid for less than they are inserted into a tree that is ordered by their ids.
-- What refers to a table that is made anew is checked at the end.
PRAGMA defer_foreign_keys = ON;

CREATE TABLE kept AS SELECT * FROM projects;
DROP TABLE projects;
CREATE TABLE projects (
	id TEXT PRIMARY KEY NOT NULL,
	account_id TEXT NOT NULL REFERENCES accounts (id),
	name TEXT NOT NULL,
	namespace TEXT NOT NULL UNIQUE,
	is_default BOOLEAN NOT NULL,
	protected BOOLEAN NOT NULL,
	selector TEXT NOT NULL,
	clusters TEXT NOT NULL,
	generation BIGINT NOT NULL,
	sequence BIGINT NOT NULL CHECK (sequence >= generation),
	revision BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	deleted_at BIGINT NOT NULL,
	purge_at BIGINT NOT NULL,
	purging BOOLEAN NOT NULL,
	check_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX projects_name ON projects (account_id, lower(name));
CREATE INDEX projects_deleted ON projects (deleted_at) WHERE deleted_at > 0;
CREATE INDEX projects_check ON projects (check_at) WHERE check_at > 0;
CREATE INDEX projects_purge ON projects (purge_at) WHERE purge_at > 0;
INSERT INTO projects SELECT * FROM kept ORDER BY id;
DROP TABLE kept;

CREATE TABLE kept AS SELECT * FROM audit;
DROP TABLE audit;
CREATE TABLE audit (
	id TEXT PRIMARY KEY NOT NULL,
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	account_id TEXT NOT NULL,
	resource TEXT NOT NULL,
	before_json TEXT NOT NULL,
	after_json TEXT NOT NULL
);
CREATE INDEX audit_account ON audit (account_id, id);
CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
INSERT INTO audit SELECT * FROM kept ORDER BY id;
DROP TABLE kept;

CREATE TABLE kept AS SELECT * FROM operations;
DROP TABLE operations;
CREATE TABLE operations (
	id TEXT PRIMARY KEY NOT NULL,
	key TEXT NOT NULL UNIQUE,
	fingerprint TEXT NOT NULL,
	actor TEXT NOT NULL,
	type TEXT NOT NULL,
	account_id TEXT NOT NULL,
	resource_id TEXT NOT NULL,
	pending BOOLEAN NOT NULL,
	intent TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX operations_pending ON operations (id) WHERE pending;
CREATE INDEX operations_created ON operations (created_at);
INSERT INTO operations SELECT * FROM kept ORDER BY id;
DROP TABLE kept;
