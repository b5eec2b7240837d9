package sqlstore

import (
	"context"
	"fmt"

	"github.com/hexplane/hexplane/asynctask"
)

// HasOpen implements asynctask.RequestStore. It looks from the end, where open
// requests are as long as there are any: at the beginning PostgreSQL would meet
// the dead index entries of those closed before.
func (s *Store) HasOpen(ctx context.Context, taskID, step string) (bool, error) {
	open, err := s.found(ctx, s.db, `SELECT 1 FROM asynctask_requests WHERE task_id = $1 AND step = $2 AND state < 2
		ORDER BY state DESC, seq DESC LIMIT 1`, taskID, step)
	if err != nil {
		return false, fmt.Errorf("sqlstore: probe %s/%s: %w", taskID, step, err)
	}
	return open, nil
}

// Tally implements asynctask.RequestStore.
func (s *Store) Tally(ctx context.Context, taskID, step string) (asynctask.Tally, error) {
	var t asynctask.Tally
	err := s.db.NewRaw(`SELECT count(*), count(CASE WHEN state > 2 THEN 1 END),
			coalesce(sum(coalesce(total, 1)), 0),
			coalesce(sum(coalesce(ok, CASE state WHEN 2 THEN 1 ELSE 0 END)), 0),
			coalesce(sum(coalesce(failed, CASE WHEN state > 2 THEN 1 ELSE 0 END)), 0)
		FROM asynctask_requests WHERE task_id = ? AND step = ?`, taskID, step).
		Scan(ctx, &t.Total, &t.Failed, &t.Counts.Total, &t.Counts.OK, &t.Counts.Failed)
	if err != nil {
		return t, fmt.Errorf("sqlstore: tally %s/%s: %w", taskID, step, err)
	}
	return t, nil
}
