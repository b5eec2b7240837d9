package management

import (
	"context"
	"errors"
	"time"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// ObserveNamespace takes what a cluster says of a project's namespace. Reports
// of unknown projects, of an older generation, or older than what is recorded
// are dropped. The last confirmation of a deletion ends the project.
func (s *Service) ObserveNamespace(ctx context.Context, r demeterevent.NamespaceState) error {
	report := Status{
		ResourceID: r.ProjectID, ClusterID: r.ClusterID, ProjectID: r.ProjectID, Phase: r.Phase,
		Reason: r.Reason, ObservedGeneration: r.ObservedGeneration, ObservedAt: r.ObservedAt,
	}
	return s.observe(ctx, report, func(ctx context.Context, tx Tx, p Project) error {
		return s.finishPurge(ctx, tx, p)
	})
}

// ObservePort takes what a cluster says of a port, by the same rules.
func (s *Service) ObservePort(ctx context.Context, r demeterevent.PortState) error {
	report := Status{
		ResourceID: r.PortID, ClusterID: r.ClusterID, ProjectID: r.ProjectID, Phase: r.Phase,
		Reason: r.Reason, ObservedGeneration: r.ObservedGeneration, ObservedAt: r.ObservedAt,
	}
	return s.observe(ctx, report, func(ctx context.Context, tx Tx, p Project) error {
		port, err := tx.Ports().Get(ctx, r.PortID)
		if err != nil {
			return err
		}
		return forgetGonePort(ctx, tx, p, port)
	})
}

func (s *Service) observe(ctx context.Context, report Status,
	then func(ctx context.Context, tx Tx, p Project) error,
) error {
	report.ObservedAt = report.ObservedAt.UTC().Truncate(time.Microsecond)
	report.UpdatedAt = s.now()
	taken := false
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		taken = false
		p, current, err := resourceOf(ctx, tx, report)
		if errors.Is(err, ErrNotFound) || err == nil && report.ObservedGeneration > current {
			return nil // forgotten meanwhile, or a number we never gave
		}
		if err != nil {
			return err
		}
		id := StatusID(report.ResourceID, report.ClusterID)
		last, err := tx.Statuses().Get(ctx, id)
		switch {
		case errors.Is(err, ErrNotFound):
			err = tx.Statuses().Insert(ctx, report)
		case err == nil && stale(report, last):
			return nil
		case err == nil:
			err = tx.Statuses().Update(ctx, report)
		}
		if err != nil {
			return err
		}
		taken = true
		if report.Phase != demeterevent.PhaseGone {
			return nil
		}
		return then(ctx, tx, p)
	})
	if taken {
		s.changes.announce(report.ProjectID)
	}
	return err
}

// resourceOf locks the project and returns the generation of the reported
// resource.
func resourceOf(ctx context.Context, tx Tx, report Status) (Project, int64, error) {
	p, err := tx.Projects().Get(ctx, report.ProjectID)
	if err != nil || report.ResourceID == report.ProjectID {
		return p, p.Generation, err
	}
	port, err := tx.Ports().Get(ctx, report.ResourceID)
	if err == nil && port.ProjectID != p.ID {
		err = ErrNotFound
	}
	return p, port.Generation, err
}

func stale(report, last Status) bool {
	if report.ObservedGeneration != last.ObservedGeneration {
		return report.ObservedGeneration < last.ObservedGeneration
	}
	return report.ObservedAt.Before(last.ObservedAt)
}

// allGone reports whether every cluster of the list has confirmed that the
// resource is absent as of the generation.
func allGone(ctx context.Context, tx Tx, resourceID string, generation int64, clusters []string) (bool, error) {
	statuses, err := tx.Statuses().List(ctx, Filter{ResourceID: resourceID})
	if err != nil {
		return false, err
	}
	gone := make(map[string]bool, len(statuses))
	for _, st := range statuses {
		gone[st.ClusterID] = st.Phase == demeterevent.PhaseGone && st.ObservedGeneration >= generation
	}
	for _, id := range clusters {
		if !gone[id] {
			return false, nil
		}
	}
	for _, st := range statuses {
		if !gone[st.ClusterID] && st.Phase != demeterevent.PhaseGone {
			return false, nil // not placed there any more, but still there
		}
	}
	return true, nil
}

// forgetGonePort removes a deleted port that all clusters confirm gone.
func forgetGonePort(ctx context.Context, tx Tx, p Project, port Port) error {
	if port.DeletedAt.IsZero() {
		return nil
	}
	gone, err := allGone(ctx, tx, port.ID, port.Generation, p.Clusters)
	if err != nil || !gone {
		return err
	}
	return forgetPort(ctx, tx, port.ID)
}

func forgetPort(ctx context.Context, tx Tx, id string) error {
	statuses, err := tx.Statuses().List(ctx, Filter{ResourceID: id})
	if err != nil {
		return err
	}
	for _, st := range statuses {
		if err := tx.Statuses().Delete(ctx, StatusID(st.ResourceID, st.ClusterID)); err != nil {
			return err
		}
	}
	return tx.Ports().Delete(ctx, id)
}
