package demeterevent

import (
	"strings"
	"time"
)

// Phase is the state of a resource in one cluster.
type Phase string

// The phases, in the usual order. Degraded and Terminating always have a reason.
const (
	PhasePending     Phase = "pending"     // no report yet; never sent by a fabric
	PhaseApplying    Phase = "applying"    // accepted, not yet in place
	PhaseReady       Phase = "ready"       // in place as described
	PhaseDegraded    Phase = "degraded"    // not in place, and why
	PhaseTerminating Phase = "terminating" // removal asked for, not confirmed
	PhaseGone        Phase = "gone"        // confirmed absent
)

// Code is the stable, machine-readable head of a reason.
type Code string

// The codes in use. A reason reads "<code>: <text>".
const (
	// CodeSilent: management heard nothing before the deadline.
	CodeSilent Code = "Silent"
	// CodeClusterSilent: the cluster's heartbeat stopped.
	CodeClusterSilent Code = "ClusterSilent"
	// CodeUnreachable: the fabric cannot reach its API server and is retrying.
	CodeUnreachable Code = "Unreachable"
	// CodeRefused: the API server refuses the object for good.
	CodeRefused Code = "Refused"
	// CodeForeignNamespace: a namespace of that name exists without our label.
	CodeForeignNamespace Code = "ForeignNamespace"
	// CodeKindAbsent: the cluster does not serve the port's kind.
	CodeKindAbsent Code = "KindAbsent"
	// CodeTerminating: the namespace is being deleted; the text names the
	// finalizers that block it.
	CodeTerminating Code = "Terminating"
)

// Reason joins a code and a text into the form that the reports carry. The text
// is cut so that the whole fits the payload's limit, and loses NUL.
func Reason(code Code, text string) string {
	const limit = 1024
	whole := string(code) + ": " + strings.ReplaceAll(text, "\x00", "")
	if len(whole) > limit {
		whole = strings.ToValidUTF8(whole[:limit], "")
	}
	return whole
}

// NamespaceState is the payload of NamespaceStateChanged: a project's namespace
// in one cluster. Its strings have no NUL, which PostgreSQL cannot store.
type NamespaceState struct {
	ProjectID          string `json:"project_id" validate:"required,max=63,excludes=\x00"`
	ClusterID          string `json:"cluster_id" validate:"required,max=63,excludes=\x00"`
	Namespace          string `json:"namespace" validate:"required,max=63,excludes=\x00"`
	Phase              Phase  `json:"phase" validate:"oneof=applying ready degraded terminating gone"`
	Reason             string `json:"reason,omitempty" validate:"max=1024,excludes=\x00"`
	ObservedGeneration int64  `json:"observed_generation" validate:"min=1"`
	// ObservedAt is the cluster's own time of the observation, UTC.
	ObservedAt time.Time `json:"observed_at" validate:"required"`
}

// PortState is the payload of PortStateChanged: one port in one cluster.
type PortState struct {
	PortID             string    `json:"port_id" validate:"required,max=63,excludes=\x00"`
	ProjectID          string    `json:"project_id" validate:"required,max=63,excludes=\x00"`
	ClusterID          string    `json:"cluster_id" validate:"required,max=63,excludes=\x00"`
	Phase              Phase     `json:"phase" validate:"oneof=applying ready degraded terminating gone"`
	Reason             string    `json:"reason,omitempty" validate:"max=1024,excludes=\x00"`
	ObservedGeneration int64     `json:"observed_generation" validate:"min=1"`
	ObservedAt         time.Time `json:"observed_at" validate:"required"`
}

// Heartbeat is the payload of ClusterHeartbeat. The first one of an unknown
// cluster registers it; an operator approves it before anything is placed there.
type Heartbeat struct {
	// ClusterID is a DNS label chosen by whoever installs the fabric.
	ClusterID string `json:"cluster_id" validate:"required,max=63,hostname_rfc1123"`
	// Version is the fabric's build version.
	Version string `json:"version" validate:"max=128"`
	// Labels are what the cluster says of itself; placement uses the labels
	// that the operator confirmed at approval.
	Labels map[string]string `json:"labels,omitempty" validate:"max=64,dive,keys,required,max=63,endkeys,max=63"`
	// Kinds are the port kinds that the cluster serves; empty means any.
	Kinds []string `json:"kinds,omitempty" validate:"max=256,dive,required,max=63"`
	// Lag is how many records of EventTopic the fabric has not yet handled.
	Lag        int64 `json:"lag" validate:"min=0"`
	Namespaces int64 `json:"namespaces" validate:"min=0"`
	Ports      int64 `json:"ports" validate:"min=0"`
	Degraded   int64 `json:"degraded" validate:"min=0"`
	// SnapshotRequest, when not empty and different from the last one served,
	// asks for a snapshot. The fabric repeats it until the snapshot arrives.
	SnapshotRequest string    `json:"snapshot_request,omitempty" validate:"max=64,excludes=\x00"`
	SentAt          time.Time `json:"sent_at" validate:"required"`
}
