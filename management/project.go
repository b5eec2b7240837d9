package management

import (
	"context"
	"time"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// NewProject asks for a project.
type NewProject struct {
	AccountID      string
	Name           string
	Selector       map[string]string // see [Project]
	Protected      bool
	IdempotencyKey string `json:"-"`
}

// ProjectChange asks for changes of a project; nil fields stay as they are.
type ProjectChange struct {
	ID        string
	Selector  *map[string]string
	Protected *bool
}

// ProjectView is a project with what each cluster last said of its namespace.
type ProjectView struct {
	Project

	States map[string]ClusterState // by cluster id
}

// ClusterState is the state of a resource in one cluster. An ObservedGeneration
// below the resource's Generation means that the cluster has not answered yet.
type ClusterState struct {
	Phase              demeterevent.Phase
	Reason             string
	ObservedGeneration int64
	UpdatedAt          time.Time
}

func newProject(accountID, name string, at time.Time) Project {
	return Project{
		ID: newID(), AccountID: accountID, Name: name, Namespace: namespaceFor(name),
		Generation: 1, Sequence: 1, Revision: 1, CreatedAt: at,
	}
}

// CreateProject creates a project in the old database and in the state, and
// tells every cluster where it is placed. The result of a repeat with the same
// idempotency key is the first one's.
func (s *Service) CreateProject(ctx context.Context, req NewProject) (ProjectView, error) {
	caller, err := authorize(ctx, rightAdmin, req.AccountID, "account", "account_id")
	if err != nil {
		return ProjectView{}, err
	}
	if err := req.validate(); err != nil {
		return ProjectView{}, err
	}
	op, err := s.newOperation(caller, OpCreateProject, req.IdempotencyKey, req)
	if err != nil {
		return ProjectView{}, err
	}
	p := newProject(req.AccountID, req.Name, op.CreatedAt)
	p.Selector, p.Protected = req.Selector, req.Protected
	op.AccountID, op.ResourceID = p.AccountID, p.ID
	done, err := s.create(ctx, op, creation{Project: p})
	if err != nil {
		return ProjectView{}, err
	}
	if done.view != nil {
		return *done.view, nil
	}
	return s.viewProject(ctx, done.creation.Project.ID)
}

func (req NewProject) validate() error {
	var v violations
	v.check(nameRule.MatchString(req.Name), "name", nameHelp)
	v.checkSelector(req.Selector, "placement")
	v.check(len(req.IdempotencyKey) <= 128, "idempotency_key", "must have at most 128 characters")
	return v.err()
}

// GetProject returns a project and its state in each cluster.
func (s *Service) GetProject(ctx context.Context, id string) (ProjectView, error) {
	return s.projectView(ctx, id, rightRead)
}

// ListProjects returns the projects of an account; deleted ones that are not
// gone yet only when asked for.
func (s *Service) ListProjects(ctx context.Context, accountID string, deleted bool, page Page) ([]ProjectView, error) {
	if _, err := authorize(ctx, rightRead, accountID, "account", "account_id"); err != nil {
		return nil, err
	}
	return read(ctx, s, "account", "account_id", func(ctx context.Context, tx Tx) ([]ProjectView, error) {
		if _, err := tx.Accounts().Get(ctx, accountID); err != nil {
			return nil, err
		}
		f := Filter{AccountID: accountID, Live: !deleted, After: page.After, Limit: page.limit()}
		rows, err := tx.Projects().List(ctx, f)
		if err != nil {
			return nil, err
		}
		return loadViews(ctx, tx, rows...)
	})
}
