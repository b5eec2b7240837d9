package demeterevent

import (
	"encoding/json"
	"slices"
)

// Target says which clusters an event is about.
type Target struct {
	// Clusters lists the ids of the clusters in which the resource belongs,
	// sorted. Only approved clusters appear. Never null; empty means nowhere.
	Clusters []string `json:"clusters" validate:"required,dive,required,max=63"`
	// SnapshotFor, when set, is the only cluster that acts on the event.
	SnapshotFor string `json:"snapshot_for,omitempty" validate:"max=63"`
}

// Duty is what one cluster does about a created or updated resource.
type Duty int

// The duties that [Target.DutyOf] distinguishes.
const (
	DutyIgnore Duty = iota
	DutyApply
	DutyRemove
)

// DutyOf returns what the cluster does about a created or updated resource.
// For a deleted event, DutyIgnore is obeyed as it is and both others mean remove.
func (t Target) DutyOf(clusterID string) Duty {
	switch {
	case t.SnapshotFor != "" && t.SnapshotFor != clusterID:
		return DutyIgnore
	case slices.Contains(t.Clusters, clusterID):
		return DutyApply
	default:
		return DutyRemove
	}
}

// Project is the payload of ProjectCreated, ProjectUpdated and ProjectDeleted:
// the whole desired state of the project's namespace.
type Project struct {
	Target

	ProjectID string `json:"project_id" validate:"required,max=63"`
	AccountID string `json:"account_id" validate:"required,max=63"`
	Name      string `json:"name" validate:"required,max=63"`
	// Namespace is the name of the Kubernetes namespace, a DNS label
	// "prj-<slug>-<6 chars>".
	Namespace  string `json:"namespace" validate:"required,max=63"`
	Generation int64  `json:"generation" validate:"min=1"`
}

// Port is the payload of PortCreated, PortUpdated and PortDeleted: the whole
// desired state of one port.
type Port struct {
	Target

	// PortID names the custom resource; it is a valid DNS label.
	PortID    string `json:"port_id" validate:"required,max=63"`
	ProjectID string `json:"project_id" validate:"required,max=63"`
	AccountID string `json:"account_id" validate:"required,max=63"`
	Namespace string `json:"namespace" validate:"required,max=63"`
	// Kind is the registered kind of the port, for example "http".
	Kind string `json:"kind" validate:"required,max=63"`
	// Spec is a JSON object, already checked against the kind's schema. Absent
	// in PortDeleted.
	Spec       json.RawMessage `json:"spec,omitempty"`
	Generation int64           `json:"generation" validate:"min=1"`
}

// Stale reports whether an event of the given generation must be ignored by a
// cluster that has applied the other one to the same resource.
func Stale(event, applied int64) bool { return event < applied }
