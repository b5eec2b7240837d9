package usecase

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// Providers keeps what other services own and what counts for a whole ISP: its
// global configuration and its agent packages. When that changes the
// configuration of devices, they are pushed again.
type Providers struct {
	tables Tables
	push   *Push
}

// NewProviders returns the use cases over the tables.
func NewProviders(tables Tables, push *Push) *Providers {
	return &Providers{tables: tables, push: push}
}

// SaveConfiguration keeps an ISP's global configuration.
func (p *Providers) SaveConfiguration(ctx context.Context, e rsevent.ISPGlobalConfigurations, rev domain.Revision) error {
	push := false
	_, err := p.tables.ISPs.Upsert(ctx, e.ISPID, func(c *domain.ISP, _ bool) ([]*eventbus.Message, error) {
		if c.Revision == rev { // redelivered: the push may not have been started
			push = true
			return nil, errStale
		}
		old := *c
		if err := keep(c, e.Configuration, rev); err != nil {
			return nil, err
		}
		same, err := synctask.Same(resolvedServices(old), resolvedServices(*c))
		push = !same
		return nil, err
	})
	return p.finish(ctx, e.ISPID, rev, push, err)
}

func resolvedServices(isp domain.ISP) rsevent.Services {
	return rsevent.ResolveServices(isp.Value.Services)
}

// SaveAgents keeps which agent packages an ISP has.
func (p *Providers) SaveAgents(ctx context.Context, e rsevent.RSAgentsUpdated, rev domain.Revision) error {
	_, err := p.tables.Agents.Upsert(ctx, e.ISPID, func(a *domain.Agents, _ bool) ([]*eventbus.Message, error) {
		if !rev.Supersedes(a.Packages) {
			return nil, errStale
		}
		a.Packages = rev
		a.Targets = make(map[string]string, len(e.Packages))
		for _, pkg := range e.Packages {
			a.Targets[pkg.AgentPackageID] = pkg.Target
		}
		return nil, nil
	})
	return p.finish(ctx, e.ISPID, rev, false, err)
}

// SaveDefaults keeps which agent packages an ISP's routers run by default.
func (p *Providers) SaveDefaults(ctx context.Context, e rsevent.RSDefaultAgentsUpdated, rev domain.Revision) error {
	push := false
	_, err := p.tables.Agents.Upsert(ctx, e.ISPID, func(a *domain.Agents, _ bool) ([]*eventbus.Message, error) {
		if a.DefaultsRevision == rev { // redelivered: the push may not have been started
			push = true
			return nil, errStale
		}
		if !rev.Supersedes(a.DefaultsRevision) {
			return nil, errStale
		}
		push = !a.SameDefaults(e.Defaults)
		a.Defaults, a.DefaultsRevision = maps.Clone(e.Defaults), rev
		return nil, nil
	})
	return p.finish(ctx, e.ISPID, rev, push, err)
}

func (p *Providers) finish(ctx context.Context, ispID string, rev domain.Revision, push bool, err error) error {
	if err != nil && !errors.Is(err, errStale) {
		return fmt.Errorf("rsclient: settings of ISP %s: %w", ispID, err)
	}
	if !push {
		return nil
	}
	return p.push.ISP(ctx, ispID, rev.Event)
}
