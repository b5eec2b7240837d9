package management

import (
	"context"
	"errors"
	"maps"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// ClusterView is a cluster with its latest heartbeat.
type ClusterView struct {
	Cluster
	Health
}

// ListClusters returns all registered clusters. Operators only.
func (s *Service) ListClusters(ctx context.Context) ([]ClusterView, error) {
	if _, err := authorize(ctx, rightOperate, "", "cluster", ""); err != nil {
		return nil, err
	}
	return read(ctx, s, "cluster", "", func(ctx context.Context, tx Tx) ([]ClusterView, error) {
		clusters, err := tx.Clusters().List(ctx, Filter{})
		if err != nil {
			return nil, err
		}
		views := make([]ClusterView, len(clusters))
		for i, c := range clusters {
			h, err := tx.Health().Get(ctx, c.ID)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return nil, err
			}
			views[i] = ClusterView{Cluster: c, Health: h}
		}
		return views, nil
	})
}

// ApproveCluster lets projects be placed in a registered cluster and sends it
// those that belong there. Labels given here replace what the cluster said of
// itself; nil keeps that. Approving again with other labels moves projects.
// Operators only.
func (s *Service) ApproveCluster(ctx context.Context, id string, labels map[string]string) (ClusterView, error) {
	if _, err := authorize(ctx, rightOperate, "", "cluster", ""); err != nil {
		return ClusterView{}, err
	}
	var v violations
	v.checkSelector(labels, "labels")
	if err := v.err(); err != nil {
		return ClusterView{}, err
	}
	var view ClusterView
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		before, err := tx.Clusters().Get(ctx, id)
		if err != nil {
			return missing(err, "cluster", "cluster_id")
		}
		if view.Health, err = tx.Health().Get(ctx, id); err != nil {
			return err
		}
		after := before
		after.Labels = labels
		if labels == nil {
			after.Labels = view.Heartbeat.Labels
		}
		if !before.ApprovedAt.IsZero() && maps.Equal(before.Labels, after.Labels) {
			view.Cluster = before
			return nil
		}
		if after.ApprovedAt.IsZero() {
			after.ApprovedAt = s.now()
		}
		after.SnapshotPending, after.SnapshotCursor = true, ""
		view.Cluster = after
		if err := tx.Clusters().Update(ctx, after); err != nil {
			return err
		}
		return s.record(ctx, tx, AuditEntry{Action: "cluster.approve", Resource: id}, before, after)
	})
	return view, unavailable(err, "write the state")
}

// ObserveHeartbeat takes a cluster's sign of life. An unknown cluster is
// registered, to be approved; a new SnapshotRequest of an approved one starts a
// snapshot. An older heartbeat than the last is ignored.
func (s *Service) ObserveHeartbeat(ctx context.Context, beat demeterevent.Heartbeat) error {
	woke := false
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		last, err := tx.Health().Get(ctx, beat.ClusterID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err == nil && beat.SentAt.Before(last.Heartbeat.SentAt) {
			return nil
		}
		health := Health{ClusterID: beat.ClusterID, ReceivedAt: s.now(), Heartbeat: beat}
		if _, err := put(ctx, tx.Health(), beat.ClusterID, health); err != nil {
			return err
		}
		woke, err = s.noteCluster(ctx, tx, beat)
		return err
	})
	if woke {
		s.changes.announceAll()
	}
	return err
}

// noteCluster writes the cluster's own row only when the heartbeat changes it,
// because placement locks it.
func (s *Service) noteCluster(ctx context.Context, tx Tx, beat demeterevent.Heartbeat) (woke bool, err error) {
	found, err := tx.Clusters().List(ctx, Filter{ResourceID: beat.ClusterID})
	if err != nil {
		return false, err
	}
	if len(found) == 0 {
		c := Cluster{ID: beat.ClusterID, Labels: beat.Labels, RegisteredAt: s.now()}
		if err := tx.Clusters().Insert(ctx, c); err != nil {
			return false, err
		}
		return false, s.record(ctx, tx, AuditEntry{Action: "cluster.register", Resource: c.ID}, nil, c)
	}
	c := found[0]
	woke = !c.SilentSince.IsZero()
	asks := beat.SnapshotRequest != "" && beat.SnapshotRequest != c.SnapshotServed && !c.ApprovedAt.IsZero()
	if !woke && !asks {
		return false, nil
	}
	c.SilentSince = noTime
	if asks {
		c.SnapshotPending, c.SnapshotCursor, c.SnapshotServed = true, "", beat.SnapshotRequest
	}
	return woke, tx.Clusters().Update(ctx, c)
}

// put inserts or replaces a row and returns the earlier one, nil when there was
// none.
func put[T any](ctx context.Context, table Table[T], id string, row T) (*T, error) {
	before, err := table.Get(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, table.Insert(ctx, row)
	}
	if err != nil {
		return nil, err
	}
	return &before, table.Update(ctx, row)
}
