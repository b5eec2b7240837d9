package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/asynctask"
)

// InsertTask implements asynctask.TaskStore.
func (s *Store) InsertTask(ctx context.Context, t asynctask.Task) (asynctask.Task, bool, error) {
	row, err := toTaskRow(t)
	if err != nil {
		return t, false, err
	}
	n, err := s.affect(ctx, func(tx db) (sql.Result, error) {
		return tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx)
	})
	if err != nil {
		return t, false, fmt.Errorf("sqlstore: insert task %s: %w", t.ID, err)
	}
	if n == 1 {
		return t, true, nil
	}
	old, err := s.Task(ctx, t.ID)
	return old, false, err
}

// affect runs one statement in a transaction and returns how many rows it met.
func (s *Store) affect(ctx context.Context, statement func(tx db) (sql.Result, error)) (int64, error) {
	var n int64
	err := s.write(ctx, func(tx db) error {
		res, err := statement(tx)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	return n, err
}

// Task implements asynctask.TaskStore.
func (s *Store) Task(ctx context.Context, id string) (asynctask.Task, error) {
	var found []*taskRow
	if err := s.scan(ctx, s.db, &found, s.selectTask, id); err != nil {
		return asynctask.Task{}, fmt.Errorf("sqlstore: task %s: %w", id, err)
	}
	if len(found) == 0 {
		return asynctask.Task{}, fmt.Errorf("%w: %s", asynctask.ErrTaskNotFound, id)
	}
	return found[0].task()
}

// UpdateTask implements asynctask.TaskStore.
func (s *Store) UpdateTask(ctx context.Context, t asynctask.Task) (int64, error) {
	row, err := toTaskRow(t)
	if err != nil {
		return 0, err
	}
	row.Version++
	n, err := s.affect(ctx, func(tx db) (sql.Result, error) {
		return tx.NewUpdate().Model(row).WherePK().Where("version = ?", t.Version).Exec(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("sqlstore: update task %s: %w", t.ID, err)
	}
	if n == 0 {
		if _, err := s.Task(ctx, t.ID); err != nil {
			return 0, err
		}
		return 0, fmt.Errorf("%w: task %s", asynctask.ErrConflict, t.ID)
	}
	return row.Version, nil
}

// ClaimTasks implements asynctask.TaskStore.
func (s *Store) ClaimTasks(ctx context.Context, c asynctask.Claim) ([]asynctask.Task, error) {
	due := func(tx db) *bun.SelectQuery {
		return tx.NewSelect().Model((*taskRow)(nil)).Column("id").
			Where("next_at <= ?", micros(c.Now)).Where("type || '/' || step IN (?)", scopes(c.Scopes)).
			OrderExpr("next_at").Limit(int64(c.Limit))
	}
	if found, err := s.any(ctx, due(s.db), c); err != nil || !found {
		return nil, err
	}
	var rows []*taskRow
	err := s.write(ctx, func(tx db) error {
		sub := due(tx)
		if s.postgres {
			sub = sub.For("UPDATE SKIP LOCKED")
		}
		rows = nil
		_, err := tx.NewUpdate().Model((*taskRow)(nil)).
			Set("owner = ?", c.Owner).Set("next_at = ?", micros(c.Until)).Set("version = version + 1").
			Where("id IN (?)", sub).Returning("*").Exec(ctx, &rows)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: claim tasks: %w", err)
	}
	return tasks(rows)
}

// any looks without a lock whether a claim would find something.
func (s *Store) any(ctx context.Context, q *bun.SelectQuery, c asynctask.Claim) (bool, error) {
	if len(c.Scopes) == 0 || c.Limit <= 0 {
		return false, nil
	}
	found, err := q.Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("sqlstore: look for due work: %w", err)
	}
	return found, nil
}

// scopes lists steps as "type/step"; neither part contains a slash.
func scopes(list []asynctask.Scope) any {
	names := make([]string, len(list))
	for i, sc := range list {
		names[i] = sc.Type + "/" + sc.Step
	}
	return bun.List(names)
}

// RenewTask implements asynctask.TaskStore.
func (s *Store) RenewTask(ctx context.Context, id, owner string, until time.Time) error {
	n, err := s.affect(ctx, func(tx db) (sql.Result, error) {
		return tx.NewUpdate().Model((*taskRow)(nil)).Set("next_at = ?", micros(until)).
			Where("id = ? AND owner = ?", id, owner).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("sqlstore: renew task %s: %w", id, err)
	}
	if n == 0 {
		return fmt.Errorf("%w: task %s is not claimed by %s", asynctask.ErrConflict, id, owner)
	}
	return nil
}

// ListTasks implements asynctask.TaskStore.
func (s *Store) ListTasks(ctx context.Context, f asynctask.TaskFilter) ([]asynctask.Task, error) {
	var rows []*taskRow
	q := s.db.NewSelect().Model(&rows).Where("id > ?", f.After).OrderExpr("id").Limit(limitOr(f.Limit))
	if f.JobID != "" {
		q = q.Where("job_id = ?", f.JobID)
	}
	if f.Type != "" {
		q = q.Where("type = ?", f.Type)
	}
	if len(f.States) > 0 {
		q = q.Where("state IN (?)", bun.List(f.States))
	}
	if !f.CreatedFrom.IsZero() {
		q = q.Where("created_at >= ?", micros(f.CreatedFrom))
	}
	if !f.CreatedBefore.IsZero() {
		q = q.Where("created_at < ?", micros(f.CreatedBefore))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("sqlstore: list tasks: %w", err)
	}
	return tasks(rows)
}

func limitOr(n int) int64 {
	if n <= 0 {
		return 100
	}
	return int64(n)
}

// Unfinished implements asynctask.TaskStore.
func (s *Store) Unfinished(ctx context.Context) (map[asynctask.Scope]asynctask.Unfinished, error) {
	var rows []struct {
		Type, Step  string
		Tasks, Open int64
	}
	err := s.db.NewRaw(`SELECT t.type, t.step, count(*) AS tasks, coalesce(sum(s.total - s.ok - s.failed - s.cancelled), 0) AS open
		FROM asynctask_tasks AS t LEFT JOIN asynctask_steps AS s ON s.task_id = t.id AND s.step = t.step
		WHERE t.next_at IS NOT NULL GROUP BY t.type, t.step`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: unfinished tasks: %w", err)
	}
	out := make(map[asynctask.Scope]asynctask.Unfinished, len(rows))
	for _, r := range rows {
		out[asynctask.Scope{Type: r.Type, Step: r.Step}] = asynctask.Unfinished{Tasks: r.Tasks, Open: r.Open}
	}
	return out, nil
}
