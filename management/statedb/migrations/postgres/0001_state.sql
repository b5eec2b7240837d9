-- Times are microseconds since 1970 UTC; 0 means "not".
CREATE TABLE accounts (
	id TEXT COLLATE "C" PRIMARY KEY,
	name TEXT NOT NULL,
	owner_email TEXT NOT NULL,
	default_project_id TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX accounts_name ON accounts (lower(name));

CREATE TABLE projects (
	id TEXT COLLATE "C" PRIMARY KEY,
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
CREATE INDEX projects_account ON projects (account_id, id);
CREATE INDEX projects_deleted ON projects (deleted_at) WHERE deleted_at > 0;
CREATE INDEX projects_check ON projects (check_at) WHERE check_at > 0;
CREATE INDEX projects_purge ON projects (purge_at) WHERE purge_at > 0;

CREATE TABLE ports (
	id TEXT COLLATE "C" PRIMARY KEY,
	project_id TEXT NOT NULL REFERENCES projects (id),
	account_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	spec TEXT NOT NULL,
	generation BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	deleted_at BIGINT NOT NULL,
	check_at BIGINT NOT NULL
);
CREATE INDEX ports_project ON ports (project_id, id);
CREATE INDEX ports_check ON ports (check_at) WHERE check_at > 0;

CREATE TABLE kinds (
	id TEXT COLLATE "C" PRIMARY KEY,
	spec_schema TEXT NOT NULL,
	created_at BIGINT NOT NULL
);

CREATE TABLE statuses (
	id TEXT COLLATE "C" PRIMARY KEY,
	resource_id TEXT NOT NULL,
	cluster_id TEXT NOT NULL,
	project_id TEXT NOT NULL,
	phase TEXT NOT NULL,
	reason TEXT NOT NULL,
	observed_generation BIGINT NOT NULL,
	observed_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX statuses_resource ON statuses (resource_id, id);

CREATE TABLE clusters (
	id TEXT COLLATE "C" PRIMARY KEY,
	labels TEXT NOT NULL,
	registered_at BIGINT NOT NULL,
	approved_at BIGINT NOT NULL,
	silent_since BIGINT NOT NULL,
	snapshot_pending BOOLEAN NOT NULL,
	snapshot_cursor TEXT NOT NULL,
	snapshot_served TEXT NOT NULL
);

CREATE TABLE health (
	id TEXT COLLATE "C" PRIMARY KEY,
	received_at BIGINT NOT NULL,
	heartbeat TEXT NOT NULL
);

CREATE TABLE api_keys (
	id TEXT COLLATE "C" PRIMARY KEY,
	name TEXT NOT NULL,
	account_id TEXT NOT NULL,
	role TEXT NOT NULL,
	hash BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL
);
CREATE INDEX api_keys_account ON api_keys (account_id, id);

CREATE TABLE audit (
	id TEXT COLLATE "C" PRIMARY KEY,
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	account_id TEXT NOT NULL,
	resource TEXT NOT NULL,
	before_json TEXT NOT NULL,
	after_json TEXT NOT NULL
);
CREATE INDEX audit_account ON audit (account_id, id);
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

CREATE TABLE operations (
	id TEXT COLLATE "C" PRIMARY KEY,
	key TEXT NOT NULL UNIQUE,
	fingerprint TEXT NOT NULL,
	actor TEXT NOT NULL,
	type TEXT NOT NULL,
	account_id TEXT NOT NULL,
	resource_id TEXT NOT NULL,
	reservation TEXT NOT NULL,
	pending BOOLEAN NOT NULL,
	intent TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX operations_reservation ON operations (reservation) WHERE reservation <> '';
CREATE INDEX operations_pending ON operations (account_id, type) WHERE pending;
CREATE INDEX operations_created ON operations (created_at);
