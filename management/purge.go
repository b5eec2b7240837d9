package management

import (
	"context"
	"fmt"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// sweepPurges ends restore windows: it tells the clusters to remove what is
// still deleted.
func (s *Service) sweepPurges(ctx context.Context) error {
	due := Filter{PurgeBy: s.now(), Limit: 100}
	return s.eachProject(ctx, due, "end restore window", func(ctx context.Context, tx Tx, p Project) error {
		if p.Purging || p.PurgeAt.IsZero() || p.PurgeAt.After(s.now()) {
			return nil
		}
		before := p
		p.Purging = true
		p.CheckAt = s.now().Add(s.cfg.SilenceDeadline)
		p.Revision++
		p.advance()
		if err := tx.Projects().Update(ctx, p); err != nil {
			return err
		}
		if err := publishProject(ctx, tx, demeterevent.ProjectDeleted, p, ""); err != nil {
			return err
		}
		entry := AuditEntry{Action: "project.purge", AccountID: p.AccountID, Resource: p.ID}
		if err := s.record(ctx, tx, entry, before, p); err != nil {
			return err
		}
		return s.finishPurge(ctx, tx, p)
	})
}

// finishPurge forgets a project that all clusters confirm gone; the pending
// operation removes it from the old database.
func (s *Service) finishPurge(ctx context.Context, tx Tx, p Project) error {
	if !p.Purging {
		return nil
	}
	gone, err := allGone(ctx, tx, p.ID, p.Generation, p.Clusters)
	if err != nil || !gone {
		return err
	}
	ports, err := tx.Ports().List(ctx, Filter{ProjectID: p.ID})
	if err != nil {
		return err
	}
	for _, port := range ports {
		if err := forgetPort(ctx, tx, port.ID); err != nil {
			return err
		}
	}
	statuses, err := tx.Statuses().List(ctx, Filter{ResourceID: p.ID})
	if err != nil {
		return err
	}
	for _, st := range statuses {
		if err := tx.Statuses().Delete(ctx, StatusID(st.ResourceID, st.ClusterID)); err != nil {
			return err
		}
	}
	if err := tx.Projects().Delete(ctx, p.ID); err != nil {
		return err
	}
	if _, err := tx.AddProjects(ctx, map[string]int{p.AccountID: -1}); err != nil {
		return err
	}
	if err := tx.Operations().Insert(ctx, s.syncOperation(p)); err != nil {
		return err
	}
	return s.record(ctx, tx, AuditEntry{Action: "project.gone", AccountID: p.AccountID, Resource: p.ID}, p, nil)
}

// eachProject runs do for every project that is due, each in a transaction of
// its own with the project locked and read again.
func (s *Service) eachProject(ctx context.Context, due Filter, doing string,
	do func(ctx context.Context, tx Tx, p Project) error,
) error {
	var rows []Project
	err := s.state.View(ctx, func(ctx context.Context, tx Tx) (err error) {
		rows, err = tx.Projects().List(ctx, due)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	for _, row := range rows {
		err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
			p, err := tx.Projects().Get(ctx, row.ID)
			if err != nil {
				return err
			}
			return do(ctx, tx, p)
		})
		if err != nil {
			return fmt.Errorf("%s of project %s: %w", doing, row.ID, err)
		}
		s.changes.announce(row.ID)
	}
	return nil
}
