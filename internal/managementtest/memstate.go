package managementtest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/management"
)

// State is a StateStore in memory. Transactions run one at a time.
type State struct {
	mu   sync.Mutex
	data memTx
}

// NewState returns an empty store.
func NewState() *State {
	return &State{data: memTx{
		accounts: newTable(accountSchema), projects: newTable(projectSchema), ports: newTable(portSchema),
		kinds: newTable(kindSchema), statuses: newTable(statusSchema), clusters: newTable(clusterSchema),
		health: newTable(healthSchema), keys: newTable(keySchema), audit: newTable(auditSchema),
		operations: newTable(operationSchema),
	}}
}

func newTable[T any](s schema[T]) *memTable[T] {
	return &memTable[T]{schema: s, rows: map[string]T{}}
}

// Update implements management.StateStore.
func (s *State) Update(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	tx := s.data.clone(false)
	if err := fn(ctx, tx); err != nil {
		return err
	}
	s.data = *tx
	return nil
}

// View implements management.StateStore.
func (s *State) View(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	s.mu.Lock()
	tx := s.data.clone(true)
	s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return fn(ctx, tx)
}

// Published returns the events stored so far, oldest first.
func (s *State) Published() []*eventbus.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.data.outbox)
}

type memTx struct {
	accounts   *memTable[management.Account]
	projects   *memTable[management.Project]
	ports      *memTable[management.Port]
	kinds      *memTable[management.Kind]
	statuses   *memTable[management.Status]
	clusters   *memTable[management.Cluster]
	health     *memTable[management.Health]
	keys       *memTable[management.APIKey]
	audit      *memTable[management.AuditEntry]
	operations *memTable[management.Operation]
	outbox     []*eventbus.Message
	readOnly   bool
}

func (t *memTx) clone(readOnly bool) *memTx {
	return &memTx{
		accounts: t.accounts.clone(readOnly), projects: t.projects.clone(readOnly), ports: t.ports.clone(readOnly),
		kinds: t.kinds.clone(readOnly), statuses: t.statuses.clone(readOnly), clusters: t.clusters.clone(readOnly),
		health: t.health.clone(readOnly), keys: t.keys.clone(readOnly), audit: t.audit.clone(readOnly),
		operations: t.operations.clone(readOnly), outbox: slices.Clone(t.outbox), readOnly: readOnly,
	}
}

func (t *memTx) Accounts() management.Table[management.Account]     { return t.accounts }
func (t *memTx) Projects() management.Table[management.Project]     { return t.projects }
func (t *memTx) Ports() management.Table[management.Port]           { return t.ports }
func (t *memTx) Kinds() management.Table[management.Kind]           { return t.kinds }
func (t *memTx) Statuses() management.Table[management.Status]      { return t.statuses }
func (t *memTx) Clusters() management.Table[management.Cluster]     { return t.clusters }
func (t *memTx) Health() management.Table[management.Health]        { return t.health }
func (t *memTx) Keys() management.Table[management.APIKey]          { return t.keys }
func (t *memTx) Audit() management.Table[management.AuditEntry]     { return t.audit }
func (t *memTx) Operations() management.Table[management.Operation] { return t.operations }

// FinishOperations implements management.Tx.
func (t *memTx) FinishOperations(ctx context.Context, ids ...string) ([]string, error) {
	var ended []string
	for _, id := range ids {
		op, err := t.operations.Get(ctx, id)
		if err != nil || !op.Pending {
			continue
		}
		op.Pending = false
		if err := t.operations.Update(ctx, op); err != nil {
			return nil, err
		}
		ended = append(ended, id)
	}
	return ended, nil
}

// AddProjects implements management.Tx.
func (t *memTx) AddProjects(ctx context.Context, more map[string]int) (map[string]int, error) {
	totals := map[string]int{}
	for id, n := range more {
		account, err := t.accounts.Get(ctx, id)
		if err != nil {
			continue
		}
		account.Projects += n
		if err := t.accounts.Update(ctx, account); err != nil {
			return nil, err
		}
		totals[id] = account.Projects
	}
	return totals, nil
}

func (t *memTx) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	if t.readOnly {
		return errReadOnly
	}
	t.outbox = append(t.outbox, msgs...)
	return nil
}

func nothingUnique[T any](T) []string { return nil }

var accountSchema = schema[management.Account]{
	id:      func(a management.Account) string { return a.ID },
	columns: func(a *management.Account) columns { return columns{name: &a.Name} },
	unique:  func(a management.Account) []string { return []string{strings.ToLower(a.Name)} },
}

var projectSchema = schema[management.Project]{
	id: func(p management.Project) string { return p.ID },
	columns: func(p *management.Project) columns {
		return columns{
			account: &p.AccountID, name: &p.Name,
			deleted: &p.DeletedAt, check: &p.CheckAt, purge: &p.PurgeAt, purging: p.Purging,
		}
	},
	unique: func(p management.Project) []string {
		return []string{"name " + p.AccountID + " " + strings.ToLower(p.Name), "namespace " + p.Namespace}
	},
}

var portSchema = schema[management.Port]{
	id: func(p management.Port) string { return p.ID },
	columns: func(p *management.Port) columns {
		return columns{account: &p.AccountID, project: &p.ProjectID, deleted: &p.DeletedAt, check: &p.CheckAt}
	},
	unique: nothingUnique[management.Port],
}
