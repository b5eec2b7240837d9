package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/asynctask"
)

// Admit implements asynctask.RequestStore.
//
// Requests are admitted by their position, so the search for waiting ones
// begins behind the last that this store admitted: before it PostgreSQL would
// meet the dead index entries of all those that were. Only when none is found
// there the whole step is looked through.
func (s *Store) Admit(ctx context.Context, a asynctask.Admission) ([]asynctask.Record, bool, error) {
	from := s.hints.get(a)
	waiting, err := s.anyWaiting(ctx, a, from)
	if err == nil && !waiting && from >= 0 {
		from = -1
		waiting, err = s.anyWaiting(ctx, a, from)
	}
	if err != nil || !waiting {
		return nil, waiting, err
	}
	var rows []*requestRow
	err = s.write(ctx, func(tx db) error {
		rows = nil
		return s.admit(ctx, tx, a, from, &rows)
	})
	if errors.Is(err, asynctask.ErrNotRunning) {
		return nil, true, nil
	}
	if err != nil {
		return nil, true, fmt.Errorf("sqlstore: admit %s/%s: %w", a.TaskID, a.Step, err)
	}
	slices.SortFunc(rows, func(a, b *requestRow) int { return cmp.Compare(a.Seq, b.Seq) })
	if len(rows) > 0 {
		s.hints.set(a, rows[len(rows)-1].Seq)
	}
	recs, err := records(rows)
	return recs, true, err
}

// anyWaiting reports whether a request of the step waits behind a position.
func (s *Store) anyWaiting(ctx context.Context, a asynctask.Admission, from int64) (bool, error) {
	return s.found(ctx, s.db, `SELECT 1 FROM asynctask_requests
		WHERE task_id = $1 AND step = $2 AND state = 0 AND state < 2 AND seq > $3 LIMIT 1`, a.TaskID, a.Step, from)
}

func (s *Store) admit(ctx context.Context, tx db, a asynctask.Admission, from int64, rows *[]*requestRow) error {
	if err := s.mustRun(ctx, tx, a.TaskID, a.Step, s.lock("FOR NO KEY UPDATE")); err != nil {
		return err
	}
	room, err := s.room(ctx, tx, a)
	if err != nil || room <= 0 {
		return err
	}
	_, err = tx.NewUpdate().Model((*requestRow)(nil)).
		Set("state = 1").Set("attempt = 1").Set("sent_at = ?", micros(a.Now)).Set("next_at = ?", micros(a.Until)).
		Where("(task_id, step, name) IN (?)", upTo(tx, a.Bytes, "seq", tx.NewSelect().Model((*requestRow)(nil)).
			Where("task_id = ? AND step = ? AND state = 0 AND state < 2 AND seq > ?", a.TaskID, a.Step, from).
			Limit(int64(room)))).
		Returning("*").Exec(ctx, rows)
	if err != nil {
		return err
	}
	return s.count(ctx, tx, stepCount{taskID: a.TaskID, step: a.Step, inFlight: len(*rows)})
}

// room is how many more requests may be in flight. It counts the records in
// flight, of which there are never more than the window.
func (s *Store) room(ctx context.Context, tx db, a asynctask.Admission) (int, error) {
	if a.Window < 0 {
		return a.Limit, nil
	}
	var inFlight int
	err := s.scan(ctx, tx, &inFlight, `SELECT count(*) FROM (SELECT 1 FROM asynctask_requests
		WHERE task_id = $1 AND step = $2 AND state = 1 AND state < 2 LIMIT $3) AS f`, a.TaskID, a.Step, a.Window)
	return min(a.Limit, a.Window-inFlight), err
}

// upTo selects the keys of those requests that q does, in that order, until their
// payloads come to so many bytes; 0: no bound.
func upTo(tx db, bytes int, order string, q *bun.SelectQuery) *bun.SelectQuery {
	if bytes <= 0 {
		bytes = math.MaxInt
	}
	q = q.Column("task_id", "step", "name").ColumnExpr("? AS place", bun.Ident(order)).
		ColumnExpr("octet_length(payload) AS size").OrderExpr("?", bun.Ident(order))
	sums := tx.NewSelect().TableExpr("(?) AS q", q).
		ColumnExpr("task_id, step, name, sum(size) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) - size AS before")
	return tx.NewSelect().TableExpr("(?) AS s", sums).ColumnExpr("task_id, step, name").Where("before < ?", bytes)
}
