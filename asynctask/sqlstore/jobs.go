package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/asynctask"
)

// CancelJob implements asynctask.JobStore. The mark is committed before the
// tasks are looked for: a task that this look misses is younger than the mark
// and finds it.
func (s *Store) CancelJob(ctx context.Context, jobID string, cause asynctask.ReplyError, now, expireAt time.Time) (int, error) {
	_, err := s.affect(ctx, func(tx db) (sql.Result, error) {
		return tx.NewRaw(`INSERT INTO asynctask_cancelled_jobs (job_id, cancelled_at, expire_at) VALUES (?, ?, ?)
			ON CONFLICT (job_id) DO UPDATE SET expire_at = excluded.expire_at`, jobID, micros(now), micros(expireAt)).Exec(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("sqlstore: mark job %s as cancelled: %w", jobID, err)
	}
	n, err := s.affect(ctx, func(tx db) (sql.Result, error) {
		return tx.NewRaw(`UPDATE asynctask_tasks SET state = ?, outcome = ?, error_code = ?, error_text = ?,
				ended_at = ?, updated_at = ?, next_at = ?, owner = '', version = version + 1
			WHERE job_id = ? AND state = ?`,
			string(asynctask.StateEnding), string(asynctask.StateCancelled), cause.Code, cause.Text,
			micros(now), micros(now), micros(now), jobID, string(asynctask.StateRunning)).Exec(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("sqlstore: cancel tasks of job %s: %w", jobID, err)
	}
	return int(n), nil
}

// JobCancelled implements asynctask.JobStore.
func (s *Store) JobCancelled(ctx context.Context, jobID string) (bool, error) {
	found, err := s.db.NewSelect().TableExpr("asynctask_cancelled_jobs").Where("job_id = ?", jobID).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("sqlstore: look for cancelled job %s: %w", jobID, err)
	}
	return found, nil
}

// DeleteExpired implements asynctask.TaskStore.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	var ids []string
	err := s.db.NewSelect().Model((*taskRow)(nil)).Column("id").
		Where("expire_at <= ?", micros(now)).Limit(int64(limit)).Scan(ctx, &ids)
	if err != nil {
		return 0, fmt.Errorf("sqlstore: look for expired tasks: %w", err)
	}
	total := 0
	for _, id := range ids {
		if total >= limit {
			return total, nil
		}
		n, err := s.deleteTask(ctx, id, limit-total)
		if err != nil {
			return total, fmt.Errorf("sqlstore: delete expired task %s: %w", id, err)
		}
		total += n
	}
	n, err := s.affect(ctx, func(tx db) (sql.Result, error) {
		return tx.NewRaw("DELETE FROM asynctask_cancelled_jobs WHERE expire_at <= ?", micros(now)).Exec(ctx)
	})
	if err != nil {
		return total, fmt.Errorf("sqlstore: delete expired jobs: %w", err)
	}
	return total + int(n), nil
}

// deleteTask deletes up to limit records of a task, itself last.
func (s *Store) deleteTask(ctx context.Context, id string, limit int) (int, error) {
	n, err := s.affect(ctx, func(tx db) (sql.Result, error) {
		return tx.NewRaw(`DELETE FROM asynctask_requests WHERE (task_id, step, name) IN
			(SELECT task_id, step, name FROM asynctask_requests WHERE task_id = ? LIMIT ?)`, id, limit).Exec(ctx)
	})
	if err != nil || int(n) >= limit {
		return int(n), err
	}
	err = s.write(ctx, func(tx db) error {
		if _, err := tx.NewRaw("DELETE FROM asynctask_steps WHERE task_id = ?", id).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewRaw("DELETE FROM asynctask_tasks WHERE id = ?", id).Exec(ctx)
		return err
	})
	return int(n) + 1, err
}
