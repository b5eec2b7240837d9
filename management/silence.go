package management

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// sweepHeartbeats marks clusters whose heartbeat is overdue as silent.
func (s *Service) sweepHeartbeats(ctx context.Context) error {
	overdue := s.now().Add(-s.cfg.SilenceDeadline)
	late, err := s.newlySilent(ctx, overdue)
	if err != nil {
		return fmt.Errorf("look for silent clusters: %w", err)
	}
	marked := false
	for _, id := range late {
		err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
			c, err := tx.Clusters().Get(ctx, id)
			if err != nil || !c.SilentSince.IsZero() {
				return err
			}
			h, err := tx.Health().Get(ctx, id)
			if err != nil || !h.ReceivedAt.Before(overdue) {
				return err
			}
			c.SilentSince, marked = h.ReceivedAt, true
			return tx.Clusters().Update(ctx, c)
		})
		if err != nil {
			return fmt.Errorf("mark cluster %s silent: %w", id, err)
		}
	}
	if marked {
		s.changes.announceAll()
	}
	return nil
}

func (s *Service) newlySilent(ctx context.Context, overdue time.Time) ([]string, error) {
	var late []string
	err := s.state.View(ctx, func(ctx context.Context, tx Tx) error {
		clusters, err := clusterIndex(ctx, tx)
		if err != nil {
			return err
		}
		all, err := tx.Health().List(ctx, Filter{})
		for _, h := range all {
			if h.ReceivedAt.Before(overdue) && clusters[h.ClusterID].SilentSince.IsZero() {
				late = append(late, h.ClusterID)
			}
		}
		return err
	})
	return late, err
}

// sweepProjects turns silence about namespaces into degraded.
func (s *Service) sweepProjects(ctx context.Context) error {
	due := Filter{CheckBy: s.now(), Limit: 500}
	return s.eachProject(ctx, due, "check silence", func(ctx context.Context, tx Tx, p Project) error {
		if p.CheckAt.IsZero() || p.CheckAt.After(s.now()) {
			return nil
		}
		p.CheckAt = noTime
		if err := tx.Projects().Update(ctx, p); err != nil {
			return err
		}
		return s.degradeSilent(ctx, tx, p, p.ID, p.Generation)
	})
}

// sweepPorts turns silence about ports into degraded.
func (s *Service) sweepPorts(ctx context.Context) error {
	var due []Port
	err := s.state.View(ctx, func(ctx context.Context, tx Tx) (err error) {
		due, err = tx.Ports().List(ctx, Filter{CheckBy: s.now(), Limit: 500})
		return err
	})
	if err != nil {
		return fmt.Errorf("list silent ports: %w", err)
	}
	for _, row := range due {
		err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
			p, err := tx.Projects().Get(ctx, row.ProjectID)
			if err != nil {
				return err
			}
			port, err := tx.Ports().Get(ctx, row.ID)
			if err != nil || port.CheckAt.IsZero() || port.CheckAt.After(s.now()) {
				return err
			}
			port.CheckAt = noTime
			if err := tx.Ports().Update(ctx, port); err != nil {
				return err
			}
			return s.degradeSilent(ctx, tx, p, port.ID, port.Generation)
		})
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("check silence of port %s: %w", row.ID, err)
		}
		s.changes.announce(row.ProjectID)
	}
	return nil
}

// degradeSilent marks every placed cluster that has said nothing final about the
// generation. The observed generation stays what it was, so that a late report
// is still taken.
func (s *Service) degradeSilent(ctx context.Context, tx Tx, p Project, resourceID string, generation int64) error {
	for _, clusterID := range p.Clusters {
		last, err := tx.Statuses().Get(ctx, StatusID(resourceID, clusterID))
		unknown := errors.Is(err, ErrNotFound)
		if err != nil && !unknown {
			return err
		}
		if final(last, generation) {
			continue
		}
		last.ResourceID, last.ClusterID, last.ProjectID = resourceID, clusterID, p.ID
		last.Reason = demeterevent.Reason(demeterevent.CodeSilent, fmt.Sprintf(
			"no final report of generation %d within %s; the last was %q of generation %d",
			generation, s.cfg.SilenceDeadline, last.Phase, last.ObservedGeneration))
		last.Phase, last.UpdatedAt = demeterevent.PhaseDegraded, s.now()
		if unknown {
			err = tx.Statuses().Insert(ctx, last)
		} else {
			err = tx.Statuses().Update(ctx, last)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// final reports whether the cluster has answered the generation: in place, gone,
// or not and why.
func final(st Status, generation int64) bool {
	if st.ObservedGeneration < generation {
		return false
	}
	return st.Phase != demeterevent.PhasePending && st.Phase != demeterevent.PhaseApplying
}
