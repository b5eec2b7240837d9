package usecase

import (
	"context"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsagents/domain"
)

// Package is an agent package as an ISP sees it.
type Package struct {
	rsevent.AgentPackage
	// Default tells whether routers of its target run it unless told otherwise.
	Default bool `json:"default"`
}

// Packages keeps the ISPs' agent packages.
type Packages struct {
	catalogs   Catalogs
	references References
	now        func() time.Time
}

// NewPackages returns the use cases; now is the clock.
func NewPackages(catalogs Catalogs, references References, now func() time.Time) *Packages {
	return &Packages{catalogs: catalogs, references: references, now: now}
}

// Complete fills in the ISP of a new package where it was left out; the time of
// creation is always now.
func (p *Packages) Complete(ispID string, pkg *Package) error {
	if pkg.ISPID != "" && pkg.ISPID != ispID {
		return input.Invalid("isp_id", "is another provider")
	}
	pkg.ISPID = ispID
	pkg.CreatedAt = p.now().UTC().Truncate(time.Millisecond)
	return nil
}

// Create adds a complete package and returns it as stored. It returns
// domain.ErrExists for an id that is taken, except by this very package when the
// request is a repeated one.
func (p *Packages) Create(ctx context.Context, pkg Package, repeated bool) (Package, error) {
	err := p.change(ctx, pkg.ISPID, pkg.AgentPackageID, func(c *domain.Catalog) error {
		if stored, err := c.Get(pkg.AgentPackageID); err == nil && repeated && sameRequest(stored, pkg.AgentPackage) {
			pkg.CreatedAt = stored.CreatedAt
			return docstore.Keep
		}
		if err := c.Add(pkg.AgentPackage); err != nil {
			return err
		}
		c.SetDefault(pkg.AgentPackageID, pkg.Default)
		return nil
	})
	return pkg, err
}

// sameRequest tells whether a stored package is what the request asks for, but for
// the time that the service decides.
func sameRequest(stored, asked rsevent.AgentPackage) bool {
	asked.CreatedAt = stored.CreatedAt
	return asked == stored
}

// Get returns a package, or domain.ErrNotFound.
func (p *Packages) Get(ctx context.Context, ispID, id string) (Package, error) {
	catalog, err := lookup(ctx, p.catalogs, ispID)
	if err != nil {
		return Package{}, fmt.Errorf("rsagents: catalog: %w", err)
	}
	pkg, err := catalog.Get(id)
	return Package{AgentPackage: pkg, Default: catalog.IsDefault(id)}, err
}

// List returns up to limit packages with ids after the given one.
func (p *Packages) List(ctx context.Context, ispID, after string, limit int) ([]Package, error) {
	catalog, err := lookup(ctx, p.catalogs, ispID)
	if err != nil {
		return nil, fmt.Errorf("rsagents: catalog: %w", err)
	}
	var page []Package
	for _, id := range catalog.IDs() {
		if id > after && len(page) < limit {
			page = append(page, Package{AgentPackage: catalog.Packages[id], Default: catalog.IsDefault(id)})
		}
	}
	return page, nil
}

// Update applies an RFC 7396 merge patch. A package's id, ISP, target and time of
// creation stay as they are. Errors are domain.ErrNotFound and *input.Error.
func (p *Packages) Update(ctx context.Context, ispID, id string, patch []byte) (Package, error) {
	var patched Package
	err := p.change(ctx, ispID, id, func(c *domain.Catalog) error {
		pkg, err := c.Get(id)
		if err != nil {
			return err
		}
		old := Package{AgentPackage: pkg, Default: c.IsDefault(id)}
		if patched, err = input.Patch(old, patch); err != nil {
			return err
		}
		if err := unchanged(old.AgentPackage, patched.AgentPackage); err != nil {
			return err
		}
		c.Packages[id] = patched.AgentPackage
		c.SetDefault(id, patched.Default)
		return nil
	})
	return patched, err
}

func unchanged(old, now rsevent.AgentPackage) error {
	fields := []struct {
		name string
		same bool
	}{
		{"agent_package_id", old.AgentPackageID == now.AgentPackageID},
		{"isp_id", old.ISPID == now.ISPID},
		{"target", old.Target == now.Target},
		{"created_at", old.CreatedAt.Equal(now.CreatedAt)},
	}
	for _, f := range fields {
		if !f.same {
			return input.Invalid(f.name, "cannot be changed")
		}
	}
	return nil
}

// Delete removes a package that is no default and that no router refers to: else
// it returns domain.ErrDefault or ErrInUse. While it cannot be known who refers to
// it the package stays, and the error is ErrUnanswered.
func (p *Packages) Delete(ctx context.Context, ispID, id string) error {
	catalog, err := lookup(ctx, p.catalogs, ispID)
	if err != nil {
		return fmt.Errorf("rsagents: catalog: %w", err)
	}
	if err := catalog.Remove(id); err != nil {
		return err
	}
	if err := p.references.Release(ctx, ispID, id); err != nil {
		return err
	}
	return p.change(ctx, ispID, id, func(c *domain.Catalog) error { return c.Remove(id) })
}

// change changes a catalog and tells what is different after it.
func (p *Packages) change(ctx context.Context, ispID, id string, change func(*domain.Catalog) error) error {
	_, err := p.catalogs.Upsert(ctx, ispID, func(c *domain.Catalog, _ bool) ([]*eventbus.Message, error) {
		old := c.Clone()
		if err := change(c); err != nil {
			return nil, err
		}
		return changed(ispID, id, &old, c)
	})
	return err
}

// changed makes the events for a catalog in which at most the package with that id
// and the defaults differ.
func changed(ispID, id string, old, now *domain.Catalog) ([]*eventbus.Message, error) {
	var events []*eventbus.Message
	tell := func(eventType, key string, before, after any) error {
		same, err := synctask.Same(before, after)
		if err != nil || same {
			return err
		}
		event, err := eventbus.NewMessage(rsevent.TopicAgent, eventType, key, after)
		events = append(events, event)
		return err
	}
	if pkg, found := now.Packages[id]; found {
		before := rsevent.RSAgentPackageCreated{Package: old.Packages[id]}
		if err := tell(rsevent.TypeRSAgentPackageCreated, id, before, rsevent.RSAgentPackageCreated{Package: pkg}); err != nil {
			return nil, err
		}
	}
	if err := tell(rsevent.TypeRSAgentsUpdated, ispID, old.Versions(ispID), now.Versions(ispID)); err != nil {
		return nil, err
	}
	err := tell(rsevent.TypeRSDefaultAgentsUpdated, ispID, old.DefaultVersions(ispID), now.DefaultVersions(ispID))
	return events, err
}
