package demeterdb

import (
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/internal/sqldb"
	"github.com/hexplane/hexplane/management"
)

// CreateProjects implements management.DemeterStore: in one statement, or, when
// an account is missing, each by itself.
func (s *Store) CreateProjects(ctx context.Context, projects ...management.Project) (refused map[string]error, err error) {
	if len(projects) == 0 {
		return nil, nil
	}
	err = s.write(ctx, "create projects", func(ctx context.Context, tx bun.Tx) (err error) {
		refused, err = insertProjects(ctx, tx, projects)
		return err
	})
	switch {
	case !sqldb.IsForeignKey(err):
		return refused, err
	case len(projects) == 1:
		return map[string]error{projects[0].ID: management.ErrNotFound}, nil
	}
	refused = make(map[string]error)
	for i := range projects {
		one, err := s.CreateProjects(ctx, projects[i])
		if err != nil {
			return nil, err
		}
		maps.Copy(refused, one)
	}
	return refused, nil
}

// insertProjects refuses those that are not there afterwards, of whom another has
// the name or the namespace.
func insertProjects(ctx context.Context, tx bun.Tx, projects []management.Project) (map[string]error, error) {
	rows := make([]projectRow, len(projects))
	ids := make([]string, len(projects))
	for i, p := range projects {
		rows[i], ids[i] = *newProjectRow(p), p.ID
	}
	made, err := insert(ctx, tx, rows)
	if err != nil || made == len(rows) {
		return nil, err
	}
	var there []string
	if err := tx.NewSelect().Model((*projectRow)(nil)).Column("id").Where("id IN (?)", bun.List(ids)).Scan(ctx, &there); err != nil {
		return nil, err
	}
	refused := make(map[string]error)
	for _, id := range ids {
		if !slices.Contains(there, id) {
			refused[id] = management.ErrExists
		}
	}
	return refused, nil
}
