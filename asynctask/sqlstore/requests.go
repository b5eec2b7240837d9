package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/asynctask"
)

// InsertRequests implements asynctask.RequestStore.
func (s *Store) InsertRequests(ctx context.Context, taskID, step string, recs []asynctask.Record) ([]asynctask.Record, error) {
	rows := make([]*requestRow, len(recs))
	for i, r := range recs {
		rows[i] = toRequestRow(r)
	}
	var existing []asynctask.Record
	err := s.write(ctx, func(tx db) error {
		if err := s.mustRun(ctx, tx, taskID, step, "AND NOT sealed"+s.lock(" FOR SHARE")); err != nil {
			return err
		}
		var names []string
		_, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Returning("name").Exec(ctx, &names)
		if err != nil {
			return err
		}
		if existing, err = s.existing(ctx, tx, taskID, step, rows, names); err != nil {
			return err
		}
		return s.count(ctx, tx, stepCount{taskID: taskID, step: step, typ: recs[0].Type, jobID: recs[0].JobID, total: len(names)})
	})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: insert requests of %s/%s: %w", taskID, step, err)
	}
	return existing, nil
}

// mustRun looks whether the task runs the step, which the lock on PostgreSQL
// keeps so until the transaction ends; else it returns ErrNotRunning.
func (s *Store) mustRun(ctx context.Context, tx db, taskID, step, and string) error {
	running, err := s.found(ctx, tx, "SELECT 1 FROM asynctask_tasks WHERE id = $1 AND step = $2 AND state = 'running' "+and, taskID, step)
	if err == nil && !running {
		return asynctask.ErrNotRunning
	}
	return err
}

// existing returns the stored records of the rows that were not inserted. Of a
// name that is twice among the rows the first was, and answers for the second.
func (s *Store) existing(ctx context.Context, tx db, taskID, step string, rows []*requestRow, inserted []string) ([]asynctask.Record, error) {
	if len(inserted) == len(rows) {
		return nil, nil
	}
	fresh := make(map[string]bool, len(inserted))
	for _, n := range inserted {
		fresh[n] = true
	}
	var names []string
	for _, r := range rows {
		if fresh[r.Name] {
			delete(fresh, r.Name)
			continue
		}
		names = append(names, r.Name)
	}
	var found []*requestRow
	err := tx.NewSelect().Model(&found).Where("task_id = ? AND step = ?", taskID, step).
		Where("name IN (?)", bun.List(names)).Scan(ctx)
	if err != nil {
		return nil, err
	}
	return records(found)
}

// Reschedule implements asynctask.RequestStore.
func (s *Store) Reschedule(ctx context.Context, recs []asynctask.Record) error {
	rows := make(values, len(recs))
	for i, r := range recs {
		text, err := parkedText(r.Reply)
		if err != nil {
			return err
		}
		rows[i] = []any{r.TaskID, r.Step, r.Name, r.Sent, r.Attempt, null(micros(r.SentAt)), null(micros(r.NextAt)), null(text)}
	}
	err := s.write(ctx, func(tx db) error {
		for chunk := range slices.Chunk(rows, maxJoined) {
			if err := s.reschedule(ctx, tx, chunk); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sqlstore: reschedule %d requests: %w", len(recs), err)
	}
	return nil
}

var rescheduleColumns = []string{"v_task", "v_step", "v_name", "v_sent", "v_attempt", "v_sent_at", "v_next_at", "v_parked"}

func (s *Store) reschedule(ctx context.Context, tx db, rows values) error {
	var names []string
	return s.updateEach(ctx, tx, rescheduleColumns, `UPDATE asynctask_requests
		SET sent = v_sent, attempt = v_attempt, sent_at = CAST(v_sent_at AS BIGINT), next_at = CAST(v_next_at AS BIGINT), parked = v_parked
		FROM v WHERE task_id = v_task AND step = v_step AND name = v_name AND state + 0 = 1 RETURNING name`, rows, &names)
}

// ClaimRequests implements asynctask.RequestStore.
func (s *Store) ClaimRequests(ctx context.Context, c asynctask.Claim) ([]asynctask.Record, error) {
	due := func(tx db) *bun.SelectQuery {
		return tx.NewSelect().Model((*requestRow)(nil)).Limit(int64(c.Limit)).
			Where("next_at <= ?", micros(c.Now)).Where("type || '/' || step IN (?)", scopes(c.Scopes))
	}
	if found, err := s.any(ctx, due(s.db), c); err != nil || !found {
		return nil, err
	}
	var rows []*requestRow
	err := s.write(ctx, func(tx db) error {
		sub := due(tx)
		if s.postgres {
			sub = sub.For("UPDATE SKIP LOCKED")
		}
		rows = nil
		_, err := tx.NewUpdate().Model((*requestRow)(nil)).Set("next_at = ?", micros(c.Until)).
			Where("(task_id, step, name) IN (?)", upTo(tx, c.Bytes, "next_at", sub)).Returning("*").Exec(ctx, &rows)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: claim requests: %w", err)
	}
	return records(rows)
}

// ListRequests implements asynctask.RequestStore.
func (s *Store) ListRequests(ctx context.Context, f asynctask.RequestFilter) ([]asynctask.Record, error) {
	var rows []*requestRow
	q := s.db.NewSelect().Model(&rows).Where("task_id = ?", f.TaskID).
		Where("(step, name) > (?, ?)", f.AfterStep, f.AfterName).
		OrderExpr("step, name").Limit(limitOr(f.Limit))
	if f.Step != "" {
		q = q.Where("step = ?", f.Step)
	}
	if len(f.States) > 0 {
		q = q.Where("state IN (?)", bun.List(f.States))
		if slices.Min(f.States) >= asynctask.RequestFailed {
			q = q.Where("state > 2") // lets the partial index serve
		}
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("sqlstore: list requests of %s: %w", f.TaskID, err)
	}
	return records(rows)
}
