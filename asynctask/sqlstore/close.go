package sqlstore

import (
	"context"
	"fmt"

	"github.com/hexplane/hexplane/asynctask"
)

type requestKey struct{ taskID, step, name string }

// CloseRequests implements asynctask.RequestStore.
func (s *Store) CloseRequests(ctx context.Context, closings []asynctask.Closing) ([]asynctask.Closed, error) {
	var out []asynctask.Closed
	err := s.write(ctx, func(tx db) error {
		out = make([]asynctask.Closed, len(closings))
		counts := stepCounts{}
		for from := 0; from < len(closings); from += maxJoined {
			to := min(from+maxJoined, len(closings))
			if err := s.closeOpen(ctx, tx, closings[from:to], out[from:to], counts); err != nil {
				return err
			}
		}
		if err := s.lateReplies(ctx, tx, closings, out, counts); err != nil {
			return err
		}
		return s.countAll(ctx, tx, counts)
	})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: close %d requests: %w", len(closings), err)
	}
	return out, nil
}

// closeOpen closes those that are open and marks the others as FoundNothing.
func (s *Store) closeOpen(ctx context.Context, tx db, closings []asynctask.Closing, out []asynctask.Closed, counts stepCounts) error {
	first := make(map[requestKey]int, len(closings))
	rows := make(values, 0, len(closings))
	for i, c := range closings {
		out[i].Found = asynctask.FoundNothing
		k := requestKey{c.TaskID, c.Step, c.Name}
		if _, twice := first[k]; !twice {
			first[k] = i
			rows = append(rows, closingRow(c))
		}
	}
	var closed []struct {
		TaskID, Step, Name string
		State, Attempt     int
		SentAt             int64
	}
	// The names of v differ from the table's, which RETURNING could not tell apart.
	// "state + 0" keeps planners off the index of open requests, with which they
	// would read all that are open in the step to find each one.
	err := s.updateEach(ctx, tx, closingColumns, `UPDATE asynctask_requests
		SET state = v_state, late = late + v_late, next_at = NULL, parked = NULL,
			replied_at = CAST(v_replied AS BIGINT), total = CAST(v_total AS BIGINT), ok = CAST(v_ok AS BIGINT),
			failed = CAST(v_failed AS BIGINT), error_code = v_code, error_text = v_text
		FROM v WHERE task_id = v_task AND step = v_step AND name = v_name AND state + 0 < 2
		RETURNING task_id, step, name, state, attempt, coalesce(sent_at, 0) AS sent_at`, rows, &closed)
	if err != nil {
		return err
	}
	for _, r := range closed {
		i := first[requestKey{r.TaskID, r.Step, r.Name}]
		out[i] = asynctask.Closed{Found: asynctask.FoundOpen, SentAt: instant(r.SentAt)}
		c := counts.of(r.TaskID, r.Step)
		c.closed(asynctask.RequestState(r.State), r.Attempt > 0)
		if closings[i].Late {
			c.late++
		}
	}
	return nil
}

var closingColumns = []string{
	"v_task", "v_step", "v_name", "v_state", "v_late", "v_replied", "v_total", "v_ok", "v_failed", "v_code", "v_text",
}

func closingRow(c asynctask.Closing) []any {
	if c.Late {
		return []any{c.TaskID, c.Step, c.Name, int(asynctask.RequestCancelled), 1, nil, nil, nil, nil, nil, nil}
	}
	code, text := "", any(nil)
	if c.Reply.Error != nil {
		code, text = c.Reply.Error.Code, c.Reply.Error.Text
	}
	var total, ok, failed any
	if n := c.Reply.Counts; n != nil {
		total, ok, failed = n.Total, n.OK, n.Failed
	}
	return []any{c.TaskID, c.Step, c.Name, int(c.State), 0, null(micros(c.Reply.Timestamp)), total, ok, failed, code, text}
}

// lateReplies tells, for replies whose request was not open, what it was, and
// counts those to a request that no reply had closed.
func (s *Store) lateReplies(ctx context.Context, tx db, closings []asynctask.Closing, out []asynctask.Closed, counts stepCounts) error {
	for i, c := range closings {
		if out[i].Found == asynctask.FoundOpen {
			continue
		}
		var replied []bool
		err := tx.NewRaw(`UPDATE asynctask_requests SET late = late + CASE WHEN replied_at IS NULL THEN 1 ELSE 0 END
			WHERE task_id = ? AND step = ? AND name = ? RETURNING replied_at IS NOT NULL`, c.TaskID, c.Step, c.Name).Scan(ctx, &replied)
		switch {
		case err != nil:
			return err
		case len(replied) == 0:
		case replied[0]:
			out[i].Found = asynctask.FoundAnswered
		default:
			out[i].Found = asynctask.FoundClosed
			counts.of(c.TaskID, c.Step).late++
		}
	}
	return nil
}

// CloseOpen implements asynctask.RequestStore.
func (s *Store) CloseOpen(ctx context.Context, taskID string, limit int) (int, error) {
	n := 0
	err := s.write(ctx, func(tx db) error {
		var closed []struct {
			Step    string
			Attempt int
		}
		err := tx.NewRaw(`UPDATE asynctask_requests SET state = ?, next_at = NULL, parked = NULL
			WHERE (task_id, step, name) IN (SELECT task_id, step, name FROM asynctask_requests
				WHERE task_id = ? AND state < 2 ORDER BY task_id, step, state, seq LIMIT ?) RETURNING step, attempt`,
			int(asynctask.RequestCancelled), taskID, limit).Scan(ctx, &closed)
		if err != nil {
			return err
		}
		counts := stepCounts{}
		for _, r := range closed {
			counts.of(taskID, r.Step).closed(asynctask.RequestCancelled, r.Attempt > 0)
		}
		n = len(closed)
		return s.countAll(ctx, tx, counts)
	})
	if err != nil {
		return 0, fmt.Errorf("sqlstore: close what is open in %s: %w", taskID, err)
	}
	return n, nil
}
