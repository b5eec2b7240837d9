package management

import (
	"encoding/json"
	"time"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// Times are UTC with microsecond precision; the zero time means "not".

// Account is a customer of Demeter.
type Account struct {
	ID               string    `json:"account_id"`
	Name             string    `json:"name"` // unique, whatever the case of its letters
	OwnerEmail       string    `json:"owner_email"`
	DefaultProjectID string    `json:"default_project_id"`
	CreatedAt        time.Time `json:"created_at,omitzero"`

	// Projects is how many it has in the state: with those that are being created,
	// and those that are deleted but not gone yet.
	Projects int `json:"-"`
}

// Project is a namespace in every cluster where it is placed.
type Project struct {
	ID        string `json:"project_id"`
	AccountID string `json:"account_id"`
	Name      string `json:"name"`      // unique in its account, whatever the case of its letters
	Namespace string `json:"namespace"` // unique, DNS label
	Default   bool   `json:"default"`   // the account's first project; it cannot be deleted
	Protected bool   `json:"protected"` // deletion is refused while set
	// Selector places the project in the clusters whose labels contain all of
	// it; empty means all clusters. Clusters is the result, sorted.
	Selector map[string]string `json:"selector"`
	Clusters []string          `json:"clusters"`
	// Generation is the number of the project's latest event; Sequence the
	// number of the latest event of the project or any of its ports.
	Generation int64 `json:"generation"`
	Sequence   int64 `json:"sequence"`
	// Revision grows with every write of the project, event or not.
	Revision  int64     `json:"revision"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	// DeletedAt starts the restore window, PurgeAt ends it; Purging says that
	// the clusters have been told to remove the namespace.
	DeletedAt time.Time `json:"deleted_at,omitzero"`
	PurgeAt   time.Time `json:"purge_at,omitzero"`
	Purging   bool      `json:"purging"`
	// CheckAt is when silence about Generation becomes degraded.
	CheckAt time.Time `json:"check_at,omitzero"`
}

// Port is a served network endpoint of a project.
type Port struct {
	ID         string          `json:"port_id"`
	ProjectID  string          `json:"project_id"`
	AccountID  string          `json:"account_id"`
	Kind       string          `json:"kind"`
	Spec       json.RawMessage `json:"spec"`
	Generation int64           `json:"generation"`
	CreatedAt  time.Time       `json:"created_at,omitzero"`
	DeletedAt  time.Time       `json:"deleted_at,omitzero"` // removal asked for; the port is forgotten when all clusters confirm
	CheckAt    time.Time       `json:"check_at,omitzero"`
}

// Kind is a registered sort of port: a name and the JSON schema of its spec.
type Kind struct {
	Name      string          `json:"name"`
	Schema    json.RawMessage `json:"schema"`
	CreatedAt time.Time       `json:"created_at"`
}

// Status is what one cluster last said of one resource: a project's namespace
// (ResourceID is the project's id) or a port.
type Status struct {
	ResourceID         string
	ClusterID          string
	ProjectID          string
	Phase              demeterevent.Phase
	Reason             string
	ObservedGeneration int64
	ObservedAt         time.Time // the cluster's clock
	UpdatedAt          time.Time // ours
}

// Cluster is a registered cluster. Nothing is placed there before ApprovedAt.
type Cluster struct {
	ID           string            `json:"cluster_id"`
	Labels       map[string]string `json:"labels"` // confirmed at approval, used by placement
	RegisteredAt time.Time         `json:"registered_at,omitzero"`
	ApprovedAt   time.Time         `json:"approved_at,omitzero"`
	// SilentSince is set while the heartbeat is overdue.
	SilentSince time.Time `json:"silent_since,omitzero"`
	// A snapshot is under way while SnapshotPending; SnapshotCursor is the last
	// project done and SnapshotServed the last request of the fabric answered.
	SnapshotPending bool   `json:"snapshot_pending"`
	SnapshotCursor  string `json:"snapshot_cursor"`
	SnapshotServed  string `json:"snapshot_served"`
}

// Health is the latest heartbeat of a cluster.
type Health struct {
	ClusterID  string
	ReceivedAt time.Time
	Heartbeat  demeterevent.Heartbeat
}

// Role is what a key may do.
type Role string

// The roles. An operator may do everything; an admin everything within its
// account except create accounts; a member reads its account and manages ports.
const (
	RoleOperator Role = "operator"
	RoleAdmin    Role = "admin"
	RoleMember   Role = "member"
)

// APIKey is a stored key: its hash, never the key.
type APIKey struct {
	ID        string    `json:"key_id"`
	Name      string    `json:"name"`
	AccountID string    `json:"account_id"` // empty for an operator's
	Role      Role      `json:"role"`
	Hash      []byte    `json:"-"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// AuditEntry says who did what. Before and After are JSON, null when there was
// or is nothing. Entries are never changed or removed.
type AuditEntry struct {
	ID        string // time-ordered
	At        time.Time
	Actor     string // id of the key, or "system"
	Action    string // for example "project.delete"
	AccountID string
	Resource  string
	Before    json.RawMessage
	After     json.RawMessage
}

// Operation is a remembered request: the result of an idempotency key, and,
// while pending, a write to two databases that recovery must finish.
type Operation struct {
	ID string
	// Key is unique: caller, method and idempotency key, or random.
	Key         string
	Fingerprint string // of the request, so that a key is not used for another
	Actor       string
	Type        OperationType
	AccountID   string
	ResourceID  string
	Pending     bool
	// Intent is the account and project to be written, or the stored result.
	Intent    json.RawMessage
	CreatedAt time.Time
}

// OperationType says what an operation does.
type OperationType string

// The operations.
const (
	OpCreateAccount OperationType = "create_account"
	OpCreateProject OperationType = "create_project"
	OpSyncProject   OperationType = "sync_project" // carry a change to the old database
	OpCreatePort    OperationType = "create_port"
	OpCreateAPIKey  OperationType = "create_api_key"
)
