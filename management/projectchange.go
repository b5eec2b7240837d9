package management

import (
	"context"
	"reflect"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// UpdateProject changes placement or protection. A new placement is told to
// every cluster: those that leave it remove the namespace.
func (s *Service) UpdateProject(ctx context.Context, req ProjectChange) (ProjectView, error) {
	var v violations
	if req.Selector != nil {
		v.checkSelector(*req.Selector, "placement")
	}
	if err := v.err(); err != nil {
		return ProjectView{}, err
	}
	return s.change(ctx, req.ID, "project.update", func(ctx context.Context, tx Tx, p *Project) error {
		if !p.DeletedAt.IsZero() {
			return refuse(ErrPrecondition, "project_id", "the project is deleted; restore it first")
		}
		if req.Protected != nil {
			p.Protected = *req.Protected
		}
		if req.Selector == nil || reflect.DeepEqual(*req.Selector, p.Selector) {
			return nil
		}
		p.Selector = *req.Selector
		before := p.Clusters
		clusters, err := clusterIndex(ctx, tx)
		if err != nil {
			return err
		}
		s.place(p, clusters)
		p.advance()
		if err := publishProject(ctx, tx, demeterevent.ProjectUpdated, *p, ""); err != nil {
			return err
		}
		return s.portsToNewClusters(ctx, tx, *p, before)
	})
}

// portsToNewClusters sends the project's ports to the clusters that have joined
// its placement.
func (s *Service) portsToNewClusters(ctx context.Context, tx Tx, p Project, before []string) error {
	had := make(map[string]bool, len(before))
	for _, id := range before {
		had[id] = true
	}
	for _, id := range p.Clusters {
		if had[id] {
			continue
		}
		if err := s.snapshotPorts(ctx, tx, p, id); err != nil {
			return err
		}
	}
	return nil
}

// DeleteProject marks a project deleted. Its namespaces stay until the restore
// window ends. Refused for the default project, a protected one, and when too
// many projects are being deleted at once, unless an operator forces it.
// Deleting a deleted project changes nothing.
func (s *Service) DeleteProject(ctx context.Context, id string, force bool) (ProjectView, error) {
	p, _ := ctx.Value(principalKey{}).(Principal)
	if force && p.Role != RoleOperator {
		return ProjectView{}, refuse(ErrDenied, "force", "only an operator can force a deletion")
	}
	return s.change(ctx, id, "project.delete", func(ctx context.Context, tx Tx, p *Project) error {
		switch {
		case !p.DeletedAt.IsZero():
			return nil
		case p.Default:
			return refuse(ErrPrecondition, "project_id", "the default project of an account cannot be deleted")
		case p.Protected:
			return refuse(ErrPrecondition, "project_id", "the project is protected against deletion")
		}
		if !force {
			if err := s.breaker(ctx, tx, p.AccountID); err != nil {
				return err
			}
		}
		p.DeletedAt = s.now()
		p.PurgeAt = p.DeletedAt.Add(s.cfg.RestoreWindow)
		return nil
	})
}

// breaker refuses what looks like a mass deletion.
func (s *Service) breaker(ctx context.Context, tx Tx, accountID string) error {
	const overAll = 10
	since := s.now().Add(-s.cfg.BreakerWindow)
	mine, err := tx.Projects().Count(ctx, Filter{AccountID: accountID, DeletedBy: since})
	if err != nil {
		return err
	}
	all, err := tx.Projects().Count(ctx, Filter{DeletedBy: since})
	if err != nil {
		return err
	}
	if mine >= s.cfg.BreakerDeletes || all >= overAll*s.cfg.BreakerDeletes {
		return refuse(ErrPrecondition, "", "%d projects of the account and %d in all were deleted within %s: "+
			"mass deletion is refused, ask an operator", mine, all, s.cfg.BreakerWindow)
	}
	return nil
}

// RestoreProject takes a deletion back, within the restore window.
func (s *Service) RestoreProject(ctx context.Context, id string) (ProjectView, error) {
	return s.change(ctx, id, "project.restore", func(_ context.Context, _ Tx, p *Project) error {
		if p.Purging {
			return refuse(ErrPrecondition, "project_id", "the restore window is over")
		}
		p.DeletedAt, p.PurgeAt = noTime, noTime
		return nil
	})
}

// change runs a use case on one project: authorize, mutate, write, audit, and
// carry it to the old database, at the latest by recovery. A mutate that leaves
// the project as it was writes nothing.
func (s *Service) change(ctx context.Context, id, action string,
	mutate func(ctx context.Context, tx Tx, p *Project) error,
) (ProjectView, error) {
	if err := s.mayProject(ctx, id, rightAdmin); err != nil {
		return ProjectView{}, err
	}
	var sync Operation
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		before, err := tx.Projects().Get(ctx, id)
		if err != nil {
			return missing(err, "project", "project_id")
		}
		after := before
		if err := mutate(ctx, tx, &after); err != nil || reflect.DeepEqual(before, after) {
			return err
		}
		if sync, err = s.writeProject(ctx, tx, &after); err != nil {
			return err
		}
		entry := AuditEntry{Action: action, AccountID: after.AccountID, Resource: id}
		return s.record(ctx, tx, entry, before, after)
	})
	if err != nil {
		return ProjectView{}, unavailable(err, "write the state")
	}
	s.changes.announce(id)
	if sync.ID != "" {
		if err := s.syncProject(ctx, sync); err != nil {
			s.cfg.Logger.WarnContext(ctx, "old database is behind, recovery will repeat", "project_id", id, "error", err)
		}
	}
	return s.viewProject(ctx, id)
}
