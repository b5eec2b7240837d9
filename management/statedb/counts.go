package statedb

import (
	"context"
	"maps"
	"slices"

	"github.com/hexplane/hexplane/internal/sqlrows"
)

// AddProjects implements management.Tx. On PostgreSQL accounts are locked by
// ascending id, so that two transactions cannot wait for each other.
func (t *tx) AddProjects(ctx context.Context, more map[string]int) (map[string]int, error) {
	if t.readOnly {
		return nil, errReadOnly
	}
	if len(more) == 0 {
		return nil, nil
	}
	add := sqlrows.On(t.db)
	if t.locking {
		add.WriteString("WITH locked AS MATERIALIZED (SELECT id FROM accounts")
		add.AndIn("id", slices.Collect(maps.Keys(more)))
		add.WriteString(" ORDER BY id FOR NO KEY UPDATE) ")
	}
	add.WriteString("UPDATE accounts SET projects = projects + more.n FROM ")
	add.Numbers(more)
	add.WriteString(" AS more WHERE accounts.id = more.id")
	if t.locking {
		add.WriteString(" AND accounts.id IN (SELECT id FROM locked)")
	}
	add.WriteString(" RETURNING accounts.id AS id, accounts.projects AS projects")
	var rows []struct {
		ID       string `bun:"id"`
		Projects int    `bun:"projects"`
	}
	if err := add.Scan(ctx, t.store.db.DB, &rows); err != nil {
		return nil, wrap("add projects", err)
	}
	totals := make(map[string]int, len(rows))
	for _, row := range rows {
		totals[row.ID] = row.Projects
	}
	return totals, nil
}
