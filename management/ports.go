package management

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hexplane/hexplane/eventbus"
)

// DemeterStore is the old Demeter database. Its writes are idempotent by id:
// the same row again is a success. A name, namespace or default project that
// the old database already has under another id is refused with an error that
// matches [ErrExists]; an unknown account with [ErrNotFound]. Nothing is written
// when an error is returned, unless the answer itself was lost.
type DemeterStore interface {
	// CreateAccount writes the account and its default project in one transaction.
	CreateAccount(ctx context.Context, account Account, project Project) error
	// CreateProjects writes projects, each whole or not at all, and returns why
	// it refused some, by project id. When it fails, any may have been written.
	CreateProjects(ctx context.Context, projects ...Project) (refused map[string]error, err error)
	// SaveProject carries the deletion mark of a project, unless the store has
	// a later Revision of it. A missing project is a success.
	SaveProject(ctx context.Context, project Project) error
	// RemoveProject forgets a project. A missing project is a success.
	RemoveProject(ctx context.Context, id string) error
	// Account and Project read back what the old database holds: id, names,
	// owner, namespace, default mark and times. They fail with [ErrNotFound].
	Account(ctx context.Context, id string) (Account, error)
	Project(ctx context.Context, id string) (Project, error)
}

// StateStore is the new state database.
//
// Update runs fn in one transaction: all of it is durable when Update returns
// nil, none of it when it returns an error. Within Update, Get locks the row it
// returns and Clusters().List locks the list against approval, until the end of
// the transaction; fn may be run again when the database asks for it, so it must
// have no effect outside tx. View runs fn for reading, without isolation between
// its reads; writes within it fail.
//
// Errors of fn are returned as they are.
type StateStore interface {
	Update(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error
	View(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error
}

// Tx gives the tables of the state within one transaction, which must not be
// used by two goroutines or after its function has returned.
type Tx interface {
	Accounts() Table[Account]
	Projects() Table[Project]
	Ports() Table[Port]
	Kinds() Table[Kind]
	Statuses() Table[Status]
	Clusters() Table[Cluster]
	Health() Table[Health]
	Keys() Table[APIKey]
	Audit() Table[AuditEntry]
	Operations() Table[Operation]
	CreationTx
	EventPublisher
}

// CreationTx is the part of a transaction that is made for many creations at once.
type CreationTx interface {
	// FinishOperations ends those of the operations that are pending and returns
	// their ids.
	FinishOperations(ctx context.Context, ids ...string) ([]string, error)
	// AddProjects adds to the number of Projects of accounts, by account id, and
	// returns what the numbers are then, of those accounts that exist. It locks them.
	AddProjects(ctx context.Context, more map[string]int) (map[string]int, error)
}

// EventPublisher takes events to be sent. Within a transaction they are stored
// with it (an outbox) and sent after it, in order per key, at least once.
type EventPublisher interface {
	Publish(ctx context.Context, msgs ...*eventbus.Message) error
}

// Table is one kind of row. Ids are those of the type: Name of a Kind,
// ClusterID of a Health, and for a Status the pair made by [StatusID].
type Table[T any] interface {
	// Get fails with ErrNotFound.
	Get(ctx context.Context, id string) (T, error)
	// GetAll returns those of the rows that exist, by ascending id, and locks
	// them as Get does.
	GetAll(ctx context.Context, ids ...string) ([]T, error)
	// Insert fails with ErrExists when the id or a unique name is taken, and
	// the transaction can go on.
	Insert(ctx context.Context, row T) error
	// InsertAll inserts many rows, but for those that Insert would refuse, and
	// returns how many it has inserted.
	InsertAll(ctx context.Context, rows ...T) (int, error)
	// PutAll inserts or replaces rows; two with the same id are an error.
	PutAll(ctx context.Context, rows ...T) error
	// Update replaces the row of the same id; it fails with ErrNotFound.
	Update(ctx context.Context, row T) error
	// Delete succeeds when there is nothing to delete.
	Delete(ctx context.Context, id string) error
	// List returns the rows that pass the filter, by ascending id; those that are
	// Finished oldest first.
	List(ctx context.Context, f Filter) ([]T, error)
	Count(ctx context.Context, f Filter) (int, error)
}

// StatusID is the id of the status of a resource in a cluster.
func StatusID(resourceID, clusterID string) string { return resourceID + "/" + clusterID }

// Filter narrows a List or Count; zero fields do not. A table honors the fields
// whose column it has and fails on the others.
type Filter struct {
	AccountID   string        // projects, ports, keys, audit, operations
	AccountIDs  []string      // the same, any of them
	ProjectID   string        // ports, statuses
	ResourceID  string        // statuses; clusters, whose id it then is
	ResourceIDs []string      // the same, any of them
	Names       []string      // any of them; accounts, projects: whatever the case; operations: the Key
	Type        OperationType // operations
	Pending     bool          // operations that are pending, clusters with a snapshot under way
	Finished    bool          // operations that are not pending
	Live        bool          // projects and ports without DeletedAt
	DeletedBy   time.Time     // projects deleted at or after
	CheckBy     time.Time     // projects and ports with CheckAt set, at or before
	PurgeBy     time.Time     // projects with PurgeAt set, at or before, not Purging
	Before      time.Time     // operations created before
	After       string        // ids greater than
	Limit       int           // rows at most; 0 is no limit
}

// SpecChecker checks port specs against JSON schemas.
type SpecChecker interface {
	// Schema says whether the schema itself is one.
	Schema(schema json.RawMessage) error
	// Check returns what is wrong with the spec, nil when it fits; the error is
	// for a schema that cannot be used.
	Check(schema, spec json.RawMessage) ([]Violation, error)
}
