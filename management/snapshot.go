package management

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// snapshotBatch is how many projects one transaction of a snapshot covers, and
// snapshotBatches how many of them one sweep does per cluster.
const (
	snapshotBatch   = 50
	snapshotBatches = 40
)

// sweepSnapshots brings clusters up to date that were approved, relabeled or
// that asked for it. The cursor is stored with each batch, so that a crash
// resumes where it was.
func (s *Service) sweepSnapshots(ctx context.Context) error {
	var pending []Cluster
	err := s.state.View(ctx, func(ctx context.Context, tx Tx) (err error) {
		pending, err = tx.Clusters().List(ctx, Filter{Pending: true})
		return err
	})
	if err != nil {
		return fmt.Errorf("list pending snapshots: %w", err)
	}
	for _, c := range pending {
		for range snapshotBatches {
			more, err := s.snapshotStep(ctx, c.ID)
			if err != nil {
				return fmt.Errorf("snapshot for cluster %s: %w", c.ID, err)
			}
			if !more {
				break
			}
		}
	}
	return nil
}

func (s *Service) snapshotStep(ctx context.Context, clusterID string) (more bool, err error) {
	var ids []string
	cursor := ""
	err = s.state.View(ctx, func(ctx context.Context, tx Tx) error {
		c, err := tx.Clusters().Get(ctx, clusterID)
		if err != nil || !c.SnapshotPending {
			return err
		}
		cursor, more = c.SnapshotCursor, true
		rows, err := tx.Projects().List(ctx, Filter{After: cursor, Limit: snapshotBatch})
		for _, p := range rows {
			ids = append(ids, p.ID)
		}
		return err
	})
	if err != nil || !more {
		return false, err
	}
	more = len(ids) == snapshotBatch
	err = s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		return s.snapshotProjects(ctx, tx, clusterID, cursor, ids, more)
	})
	for _, id := range ids {
		s.changes.announce(id)
	}
	return more, err
}

// snapshotProjects sends one batch and moves the cursor, unless another process
// or a new approval has moved it meanwhile. Projects are locked before the
// cluster, as everywhere.
func (s *Service) snapshotProjects(ctx context.Context, tx Tx, clusterID, cursor string, ids []string, more bool) error {
	projects := make([]Project, 0, len(ids))
	for _, id := range ids {
		p, err := tx.Projects().Get(ctx, id)
		if skip := missing(err, "project", ""); !errors.Is(skip, err) {
			continue // gone meanwhile
		}
		if err != nil {
			return err
		}
		projects = append(projects, p)
	}
	c, err := tx.Clusters().Get(ctx, clusterID)
	if err != nil || !c.SnapshotPending || c.SnapshotCursor != cursor {
		return err
	}
	for _, p := range projects {
		if err := s.snapshotProject(ctx, tx, c, p); err != nil {
			return err
		}
	}
	if len(ids) > 0 {
		c.SnapshotCursor = ids[len(ids)-1]
	}
	if c.SnapshotPending = more; !more {
		c.SnapshotCursor = ""
	}
	return tx.Clusters().Update(ctx, c)
}

// snapshotProject makes the project's placement agree with the cluster's labels
// and tells the cluster about the project and its ports.
func (s *Service) snapshotProject(ctx context.Context, tx Tx, c Cluster, p Project) error {
	at, placed := slices.BinarySearch(p.Clusters, c.ID)
	belongs := matches(c, p.Selector)
	switch {
	case p.Purging && placed:
		return publishProject(ctx, tx, demeterevent.ProjectDeleted, p, c.ID)
	case p.Purging || !placed && !belongs:
		return nil
	case placed && !belongs:
		p.Clusters = slices.Delete(slices.Clone(p.Clusters), at, at+1)
		p.advance()
		if err := tx.Projects().Update(ctx, p); err != nil {
			return err
		}
		return publishProject(ctx, tx, demeterevent.ProjectUpdated, p, "")
	case !placed:
		p.Clusters = slices.Insert(slices.Clone(p.Clusters), at, c.ID)
	}
	p.CheckAt = s.now().Add(s.cfg.SilenceDeadline)
	if err := tx.Projects().Update(ctx, p); err != nil {
		return err
	}
	if err := publishProject(ctx, tx, demeterevent.ProjectCreated, p, c.ID); err != nil {
		return err
	}
	return s.snapshotPorts(ctx, tx, p, c.ID)
}

// snapshotPorts tells one cluster about the project's ports.
func (s *Service) snapshotPorts(ctx context.Context, tx Tx, p Project, clusterID string) error {
	ports, err := tx.Ports().List(ctx, Filter{ProjectID: p.ID})
	if err != nil {
		return err
	}
	for _, port := range ports {
		eventType := demeterevent.PortCreated
		if !port.DeletedAt.IsZero() {
			eventType = demeterevent.PortDeleted
		}
		port.CheckAt = s.now().Add(s.cfg.SilenceDeadline)
		if err := tx.Ports().Update(ctx, port); err != nil {
			return err
		}
		if err := publishPort(ctx, tx, eventType, p, port, clusterID); err != nil {
			return err
		}
	}
	return nil
}
