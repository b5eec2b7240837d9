package statedb

import (
	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/management"
)

type statusRow struct {
	bun.BaseModel `bun:"table:statuses,alias:t"`

	ID                 string             `bun:"id,pk"`
	ResourceID         string             `bun:"resource_id"`
	ClusterID          string             `bun:"cluster_id"`
	ProjectID          string             `bun:"project_id"`
	Phase              demeterevent.Phase `bun:"phase"`
	Reason             string             `bun:"reason"`
	ObservedGeneration int64              `bun:"observed_generation"`
	ObservedAt         int64              `bun:"observed_at"`
	UpdatedAt          int64              `bun:"updated_at"`
}

var statusColumns = columns{project: "project_id = ?", resource: "resource_id"}

func (r *statusRow) from(s management.Status) {
	*r = statusRow{
		ID:         management.StatusID(s.ResourceID, s.ClusterID),
		ResourceID: s.ResourceID, ClusterID: s.ClusterID, ProjectID: s.ProjectID, Phase: s.Phase,
		Reason: s.Reason, ObservedGeneration: s.ObservedGeneration,
		ObservedAt: micros(s.ObservedAt), UpdatedAt: micros(s.UpdatedAt),
	}
}

func (r *statusRow) to() management.Status {
	return management.Status{
		ResourceID: r.ResourceID, ClusterID: r.ClusterID, ProjectID: r.ProjectID, Phase: r.Phase,
		Reason: r.Reason, ObservedGeneration: r.ObservedGeneration,
		ObservedAt: moment(r.ObservedAt), UpdatedAt: moment(r.UpdatedAt),
	}
}

type clusterRow struct {
	bun.BaseModel `bun:"table:clusters,alias:t"`

	ID              string                      `bun:"id,pk"`
	Labels          jsonText[map[string]string] `bun:"labels"`
	RegisteredAt    int64                       `bun:"registered_at"`
	ApprovedAt      int64                       `bun:"approved_at"`
	SilentSince     int64                       `bun:"silent_since"`
	SnapshotPending bool                        `bun:"snapshot_pending"`
	SnapshotCursor  string                      `bun:"snapshot_cursor"`
	SnapshotServed  string                      `bun:"snapshot_served"`
}

var clusterColumns = columns{resource: "id", pending: "snapshot_pending", shareLists: true}

func (r *clusterRow) from(c management.Cluster) {
	*r = clusterRow{
		ID: c.ID, Labels: jsonText[map[string]string]{c.Labels}, RegisteredAt: micros(c.RegisteredAt), ApprovedAt: micros(c.ApprovedAt),
		SilentSince: micros(c.SilentSince), SnapshotPending: c.SnapshotPending,
		SnapshotCursor: c.SnapshotCursor, SnapshotServed: c.SnapshotServed,
	}
}

func (r *clusterRow) to() management.Cluster {
	return management.Cluster{
		ID: r.ID, Labels: r.Labels.value, RegisteredAt: moment(r.RegisteredAt), ApprovedAt: moment(r.ApprovedAt),
		SilentSince: moment(r.SilentSince), SnapshotPending: r.SnapshotPending,
		SnapshotCursor: r.SnapshotCursor, SnapshotServed: r.SnapshotServed,
	}
}

type healthRow struct {
	bun.BaseModel `bun:"table:health,alias:t"`

	ClusterID  string                           `bun:"id,pk"`
	ReceivedAt int64                            `bun:"received_at"`
	Heartbeat  jsonText[demeterevent.Heartbeat] `bun:"heartbeat"`
}

func (r *healthRow) from(h management.Health) {
	*r = healthRow{ClusterID: h.ClusterID, ReceivedAt: micros(h.ReceivedAt), Heartbeat: jsonText[demeterevent.Heartbeat]{h.Heartbeat}}
}

func (r *healthRow) to() management.Health {
	return management.Health{ClusterID: r.ClusterID, ReceivedAt: moment(r.ReceivedAt), Heartbeat: r.Heartbeat.value}
}
