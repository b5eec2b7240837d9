package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hexplane/hexplane/asynctask"
)

// stepCount is what a transaction adds to a step's row for progress.
type stepCount struct {
	taskID, step, typ, jobID                          string
	total, inFlight, okCount, failed, cancelled, late int
}

// closed counts one request that was open.
func (c *stepCount) closed(state asynctask.RequestState, inFlight bool) {
	if inFlight {
		c.inFlight--
	}
	switch state {
	case asynctask.RequestOK:
		c.okCount++
	case asynctask.RequestFailed:
		c.failed++
	default:
		c.cancelled++
	}
}

type stepCounts map[[2]string]*stepCount

func (m stepCounts) of(taskID, step string) *stepCount {
	k := [2]string{taskID, step}
	if m[k] == nil {
		m[k] = &stepCount{taskID: taskID, step: step}
	}
	return m[k]
}

// countAll adds each, in a fixed order, so that transactions do not deadlock.
func (s *Store) countAll(ctx context.Context, tx db, counts stepCounts) error {
	list := make([]*stepCount, 0, len(counts))
	for _, c := range counts {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *stepCount) int {
		return cmp.Or(cmp.Compare(a.taskID, b.taskID), cmp.Compare(a.step, b.step))
	})
	for _, c := range list {
		if err := s.count(ctx, tx, *c); err != nil {
			return err
		}
	}
	return nil
}

// count adds to the step's row, which the step's first insert makes.
func (s *Store) count(ctx context.Context, tx db, c stepCount) error {
	if c.typ == "" {
		return s.exec(ctx, tx, `UPDATE asynctask_steps SET in_flight = in_flight + $3, ok = ok + $4, failed = failed + $5,
			cancelled = cancelled + $6, late = late + $7 WHERE task_id = $1 AND step = $2`,
			c.taskID, c.step, c.inFlight, c.okCount, c.failed, c.cancelled, c.late)
	}
	return s.exec(ctx, tx, `INSERT INTO asynctask_steps (task_id, step, type, job_id, created_at, total, in_flight, ok, failed, cancelled, late)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, 0)
		ON CONFLICT (task_id, step) DO UPDATE SET total = asynctask_steps.total + excluded.total`,
		c.taskID, c.step, c.typ, c.jobID, time.Now().UnixMicro(), c.total)
}

// Progress implements asynctask.JobStore.
func (s *Store) Progress(ctx context.Context, jobID string) ([]asynctask.Level, error) {
	var levels []asynctask.Level
	err := s.db.NewRaw(`SELECT type, step, count(*) AS tasks, sum(growing) AS growing, sum(total) AS total,
			sum(in_flight) AS in_flight, sum(ok) AS ok, sum(failed) AS failed, sum(cancelled) AS cancelled, sum(late) AS late
		FROM (
			SELECT s.type, s.step, s.created_at, s.total, s.in_flight, s.ok, s.failed, s.cancelled, s.late,
				CASE WHEN t.state = 'running' AND t.step = s.step AND NOT t.sealed THEN 1 ELSE 0 END AS growing
			FROM asynctask_steps AS s JOIN asynctask_tasks AS t ON t.id = s.task_id WHERE s.job_id = ?0
			UNION ALL
			SELECT t.type, t.step, NULL, 0, 0, 0, 0, 0, 0,
				CASE WHEN t.state = 'running' AND NOT t.sealed THEN 1 ELSE 0 END
			FROM asynctask_tasks AS t WHERE t.job_id = ?0
				AND NOT EXISTS (SELECT 1 FROM asynctask_steps AS s WHERE s.task_id = t.id AND s.step = t.step)
		) AS l GROUP BY type, step ORDER BY min(created_at) IS NULL, min(created_at), type, step`, jobID).Scan(ctx, &levels)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: progress of job %s: %w", jobID, err)
	}
	return levels, nil
}
