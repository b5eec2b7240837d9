-- A table by rowid takes rows that come one after the other for less. The key of
-- accounts that refers to it is deferred: it is checked at the end.
CREATE TABLE kept AS SELECT * FROM projects;
DROP TABLE projects;
CREATE TABLE projects (
	id VARCHAR(63) PRIMARY KEY NOT NULL,
	account_id VARCHAR(63) NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
	name VARCHAR(63) NOT NULL CHECK (name <> '' AND length(name) <= 63),
	namespace VARCHAR(63) NOT NULL UNIQUE CHECK (namespace <> '' AND namespace NOT GLOB '*[^a-z0-9-]*'),
	is_default BOOLEAN NOT NULL DEFAULT FALSE,
	revision BIGINT NOT NULL DEFAULT 1 CHECK (revision > 0),
	created_at TIMESTAMP NOT NULL,
	deleted_at TIMESTAMP CHECK (deleted_at >= created_at)
);
CREATE UNIQUE INDEX projects_account_name_key ON projects (account_id, lower(name));
CREATE UNIQUE INDEX projects_account_default_key ON projects (account_id) WHERE is_default;
INSERT INTO projects SELECT * FROM kept ORDER BY id;
DROP TABLE kept;
