CREATE TABLE accounts (
	id VARCHAR(63) PRIMARY KEY,
	name VARCHAR(63) NOT NULL CHECK (name <> '' AND length(name) <= 63),
	owner_email VARCHAR(254) NOT NULL CHECK (owner_email LIKE '%_@_%'),
	default_project_id VARCHAR(63) NOT NULL REFERENCES projects (id) DEFERRABLE INITIALLY DEFERRED,
	created_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX accounts_name_key ON accounts (lower(name));

CREATE TABLE projects (
	id VARCHAR(63) PRIMARY KEY,
	account_id VARCHAR(63) NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
	name VARCHAR(63) NOT NULL CHECK (name <> '' AND length(name) <= 63),
	namespace VARCHAR(63) NOT NULL UNIQUE CHECK (namespace <> '' AND namespace NOT GLOB '*[^a-z0-9-]*'),
	is_default BOOLEAN NOT NULL DEFAULT FALSE,
	revision BIGINT NOT NULL DEFAULT 1 CHECK (revision > 0),
	created_at TIMESTAMP NOT NULL,
	deleted_at TIMESTAMP CHECK (deleted_at >= created_at)
) WITHOUT ROWID;
CREATE UNIQUE INDEX projects_account_name_key ON projects (account_id, lower(name));
CREATE UNIQUE INDEX projects_account_default_key ON projects (account_id) WHERE is_default;
