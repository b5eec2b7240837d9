CREATE TABLE accounts (
	id VARCHAR(63) PRIMARY KEY,
	name VARCHAR(63) NOT NULL CHECK (name <> ''),
	owner_email VARCHAR(254) NOT NULL CHECK (owner_email LIKE '%_@_%'),
	default_project_id VARCHAR(63) NOT NULL,
	created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX accounts_name_key ON accounts (lower(name));

CREATE TABLE projects (
	id VARCHAR(63) PRIMARY KEY,
	account_id VARCHAR(63) NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
	name VARCHAR(63) NOT NULL CHECK (name <> ''),
	namespace VARCHAR(63) NOT NULL UNIQUE CHECK (namespace ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'),
	is_default BOOLEAN NOT NULL DEFAULT FALSE,
	revision BIGINT NOT NULL DEFAULT 1 CHECK (revision > 0),
	created_at TIMESTAMPTZ NOT NULL,
	deleted_at TIMESTAMPTZ CHECK (deleted_at >= created_at)
);
CREATE UNIQUE INDEX projects_account_name_key ON projects (account_id, lower(name));
CREATE UNIQUE INDEX projects_account_default_key ON projects (account_id) WHERE is_default;

-- An account always has a project to be its default when the transaction ends.
ALTER TABLE accounts ADD CONSTRAINT accounts_default_project_fkey
	FOREIGN KEY (default_project_id) REFERENCES projects (id) DEFERRABLE INITIALLY DEFERRED;
