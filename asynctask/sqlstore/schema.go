package sqlstore

import (
	"context"
	"fmt"
)

// The partial indexes of requests hold open, due and failed ones only, so that
// no probe meets the closed ones. Queries repeat an index's condition word for
// word, "state < 2" beside "state = 0": SQLite does not infer one from the other.
var tables = []string{
	`CREATE TABLE IF NOT EXISTS asynctask_tasks (
		id TEXT PRIMARY KEY, type TEXT NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT NOT NULL,
		error_code TEXT NOT NULL, error_text TEXT NOT NULL,
		job_id TEXT NOT NULL, request_id TEXT NOT NULL, reply_topic TEXT NOT NULL,
		payload TEXT, trace TEXT, windows TEXT,
		total BIGINT NOT NULL, ok BIGINT NOT NULL, failed BIGINT NOT NULL,
		deadline BIGINT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, ended_at BIGINT, expire_at BIGINT,
		sealed BOOLEAN NOT NULL, answered BOOLEAN NOT NULL, version BIGINT NOT NULL, owner TEXT NOT NULL, next_at BIGINT)`,
	`CREATE INDEX IF NOT EXISTS asynctask_tasks_due ON asynctask_tasks (next_at) WHERE next_at IS NOT NULL`,
	`CREATE INDEX IF NOT EXISTS asynctask_tasks_expired ON asynctask_tasks (expire_at) WHERE expire_at IS NOT NULL`,
	`CREATE INDEX IF NOT EXISTS asynctask_tasks_job ON asynctask_tasks (job_id, id)`,
	`CREATE INDEX IF NOT EXISTS asynctask_tasks_type ON asynctask_tasks (type, id)`,

	`CREATE TABLE IF NOT EXISTS asynctask_requests (
		task_id TEXT NOT NULL, step TEXT NOT NULL, name TEXT NOT NULL,
		type TEXT NOT NULL, job_id TEXT NOT NULL, seq BIGINT NOT NULL, run BIGINT NOT NULL,
		state SMALLINT NOT NULL, sent BOOLEAN NOT NULL, attempt INT NOT NULL, late INT NOT NULL,
		next_at BIGINT, sent_at BIGINT, replied_at BIGINT,
		total BIGINT, ok BIGINT, failed BIGINT, error_code TEXT, error_text TEXT, parked TEXT,
		topic TEXT NOT NULL, event_type TEXT NOT NULL, msg_key TEXT NOT NULL, payload TEXT NOT NULL,
		PRIMARY KEY (task_id, step, name))`,
	`CREATE INDEX IF NOT EXISTS asynctask_requests_open ON asynctask_requests (task_id, step, state, seq) WHERE state < 2`,
	`CREATE INDEX IF NOT EXISTS asynctask_requests_due ON asynctask_requests (next_at) WHERE next_at IS NOT NULL`,
	`CREATE INDEX IF NOT EXISTS asynctask_requests_failed ON asynctask_requests (task_id, step, name) WHERE state > 2`,

	// What progress adds up; kept in the same transactions as the requests.
	`CREATE TABLE IF NOT EXISTS asynctask_steps (
		task_id TEXT NOT NULL, step TEXT NOT NULL, type TEXT NOT NULL, job_id TEXT NOT NULL, created_at BIGINT NOT NULL,
		total BIGINT NOT NULL, in_flight BIGINT NOT NULL, ok BIGINT NOT NULL, failed BIGINT NOT NULL,
		cancelled BIGINT NOT NULL, late BIGINT NOT NULL,
		PRIMARY KEY (task_id, step))`,
	`CREATE INDEX IF NOT EXISTS asynctask_steps_job ON asynctask_steps (job_id)`,

	`CREATE TABLE IF NOT EXISTS asynctask_cancelled_jobs (
		job_id TEXT PRIMARY KEY, cancelled_at BIGINT NOT NULL, expire_at BIGINT NOT NULL)`,
}

// createSchema makes the tables that are missing.
func (s *Store) createSchema(ctx context.Context) error {
	return s.write(ctx, func(tx db) error {
		if s.postgres { // two processes creating at once would collide in the catalog
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(7305091)"); err != nil {
				return err
			}
		}
		for _, ddl := range tables {
			if _, err := tx.ExecContext(ctx, ddl); err != nil {
				return fmt.Errorf("sqlstore: schema: %w", err)
			}
		}
		return nil
	})
}
