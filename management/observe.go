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
	return s.observe(ctx, Status{
		ResourceID: r.ProjectID, ClusterID: r.ClusterID, ProjectID: r.ProjectID, Phase: r.Phase,
		Reason: r.Reason, ObservedGeneration: r.ObservedGeneration, ObservedAt: r.ObservedAt,
	})
}

// ObservePort takes what a cluster says of a port, by the same rules.
func (s *Service) ObservePort(ctx context.Context, r demeterevent.PortState) error {
	return s.observe(ctx, Status{
		ResourceID: r.PortID, ClusterID: r.ClusterID, ProjectID: r.ProjectID, Phase: r.Phase,
		Reason: r.Reason, ObservedGeneration: r.ObservedGeneration, ObservedAt: r.ObservedAt,
	})
}

// sighting is a report on its way into the state.
type sighting struct {
	report Status
	taken  bool // it was news
	err    error
}

func (s *sighting) fail(err error) { s.err = err }

// sightingsAtOnce is how many reports share a transaction.
const sightingsAtOnce = 256

func (s *Service) observe(ctx context.Context, report Status) error {
	report.ObservedAt = report.ObservedAt.UTC().Truncate(time.Microsecond)
	report.UpdatedAt = s.now()
	seen, err := s.sightings.Do(ctx, struct{}{}, &sighting{report: report})
	if err != nil {
		return err
	}
	if seen.err == nil && seen.taken {
		s.changes.announce(report.ProjectID)
	}
	return seen.err
}

func (s *Service) observeAll(ctx context.Context, _ struct{}, batch []*sighting) ([]*sighting, error) {
	together(batch, func(part []*sighting) error {
		return s.state.Update(ctx, func(ctx context.Context, tx Tx) error { return s.take(ctx, tx, part) })
	})
	return batch, nil
}

// take records those of the reports that are news, and does what the end of a
// resource asks for.
func (s *Service) take(ctx context.Context, tx Tx, batch []*sighting) error {
	known, err := lookUp(ctx, tx, batch)
	if err != nil {
		return err
	}
	for _, one := range batch {
		one.taken = known.record(one.report)
	}
	if err := tx.Statuses().PutAll(ctx, known.news()...); err != nil {
		return err
	}
	for _, one := range batch {
		if !one.taken || one.report.Phase != demeterevent.PhaseGone {
			continue
		}
		if err := s.confirmGone(ctx, tx, one.report); err != nil {
			return err
		}
	}
	return nil
}

// confirmGone ends what the last cluster has confirmed gone. An earlier report of
// the same batch may have ended it.
func (s *Service) confirmGone(ctx context.Context, tx Tx, report Status) error {
	p, err := tx.Projects().Get(ctx, report.ProjectID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case report.ResourceID == report.ProjectID:
		return s.finishPurge(ctx, tx, p)
	}
	port, err := tx.Ports().Get(ctx, report.ResourceID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return forgetGonePort(ctx, tx, p, port)
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
