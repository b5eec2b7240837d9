package demeterevent

// Topics.
const (
	// EventTopic carries what should exist, from management to every fabric,
	// keyed by project_id.
	EventTopic = "demeter-event-topic"
	// StateTopic carries what does exist, from every fabric to management,
	// keyed by project_id; heartbeats by cluster_id.
	StateTopic = "demeter-state-topic"
)

// Event types on EventTopic. The first three carry a [Project], the others a
// [Port].
const (
	ProjectCreated = "ProjectCreated"
	ProjectUpdated = "ProjectUpdated"
	ProjectDeleted = "ProjectDeleted"
	PortCreated    = "PortCreated"
	PortUpdated    = "PortUpdated"
	PortDeleted    = "PortDeleted"
)

// Event types on StateTopic, carrying [NamespaceState], [PortState] and
// [Heartbeat].
const (
	NamespaceStateChanged = "NamespaceStateChanged"
	PortStateChanged      = "PortStateChanged"
	ClusterHeartbeat      = "ClusterHeartbeat"
)

// Labels that a fabric puts on every namespace and port it owns.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	LabelProjectID = "demeter.run/project-id"
	LabelAccountID = "demeter.run/account-id"
	// ManagedByFabric is the value of LabelManagedBy.
	ManagedByFabric = "fabric"
)
