package managementtest

import (
	"context"
	"strings"
	"sync"

	"github.com/hexplane/hexplane/management"
)

// Demeter is the old database in memory, with its constraints.
type Demeter struct {
	mu       sync.Mutex
	accounts map[string]management.Account
	projects map[string]management.Project
}

// NewDemeter returns an empty old database.
func NewDemeter() *Demeter {
	return &Demeter{accounts: map[string]management.Account{}, projects: map[string]management.Project{}}
}

// CreateAccount implements management.DemeterStore.
func (d *Demeter) CreateAccount(_ context.Context, a management.Account, p management.Project) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.accounts[a.ID]; ok {
		return nil
	}
	for _, other := range d.accounts {
		if strings.EqualFold(other.Name, a.Name) {
			return management.ErrExists
		}
	}
	if err := d.conflict(p); err != nil {
		return err
	}
	d.accounts[a.ID], d.projects[p.ID] = a, p
	return nil
}

// CreateProjects implements management.DemeterStore.
func (d *Demeter) CreateProjects(_ context.Context, projects ...management.Project) (map[string]error, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	refused := map[string]error{}
	for _, p := range projects {
		if err := d.createProject(p); err != nil {
			refused[p.ID] = err
		}
	}
	return refused, nil
}

func (d *Demeter) createProject(p management.Project) error {
	if _, ok := d.projects[p.ID]; ok {
		return nil
	}
	if _, ok := d.accounts[p.AccountID]; !ok {
		return management.ErrNotFound
	}
	if err := d.conflict(p); err != nil {
		return err
	}
	d.projects[p.ID] = p
	return nil
}

func (d *Demeter) conflict(p management.Project) error {
	for _, other := range d.projects {
		sameAccount := other.AccountID == p.AccountID
		if other.Namespace == p.Namespace || sameAccount && strings.EqualFold(other.Name, p.Name) ||
			sameAccount && other.Default && p.Default {
			return management.ErrExists
		}
	}
	return nil
}

// SaveProject implements management.DemeterStore.
func (d *Demeter) SaveProject(_ context.Context, p management.Project) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if held, ok := d.projects[p.ID]; ok && held.Revision < p.Revision {
		held.DeletedAt, held.Revision = p.DeletedAt, p.Revision
		d.projects[p.ID] = held
	}
	return nil
}

// RemoveProject implements management.DemeterStore.
func (d *Demeter) RemoveProject(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.projects, id)
	return nil
}

// Account implements management.DemeterStore.
func (d *Demeter) Account(_ context.Context, id string) (management.Account, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, ok := d.accounts[id]
	if !ok {
		return a, management.ErrNotFound
	}
	return a, nil
}

// Project implements management.DemeterStore.
func (d *Demeter) Project(_ context.Context, id string) (management.Project, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.projects[id]
	if !ok {
		return p, management.ErrNotFound
	}
	return p, nil
}

// Counts returns how many accounts and projects there are.
func (d *Demeter) Counts() (accounts, projects int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.accounts), len(d.projects)
}
