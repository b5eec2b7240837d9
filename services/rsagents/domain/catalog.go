// Package domain holds what rsagents decides: an internet provider's catalog of
// router agent packages and which of them is the default for each target. It is
// pure.
package domain

import (
	"errors"
	"maps"
	"slices"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Errors of a catalog.
var (
	// ErrExists says that the catalog has a package with that id.
	ErrExists = errors.New("rsagents: agent package exists")
	// ErrNotFound says that the catalog has no package with that id.
	ErrNotFound = errors.New("rsagents: no such agent package")
	// ErrDefault says that the package is the default for its target.
	ErrDefault = errors.New("rsagents: agent package is a default")
)

// Catalog is all agent packages of one ISP. It is kept as one document, so that
// the lists which are made of it always fit together. The zero value is empty.
type Catalog struct {
	Packages map[string]rsevent.AgentPackage `json:"packages,omitempty"` // by id
	Defaults map[string]string               `json:"defaults,omitempty"` // package id by target
}

// Add adds a package.
func (c *Catalog) Add(pkg rsevent.AgentPackage) error {
	if _, taken := c.Packages[pkg.AgentPackageID]; taken {
		return ErrExists
	}
	if c.Packages == nil {
		c.Packages = map[string]rsevent.AgentPackage{}
	}
	c.Packages[pkg.AgentPackageID] = pkg
	return nil
}

// Get returns a package.
func (c *Catalog) Get(id string) (rsevent.AgentPackage, error) {
	pkg, ok := c.Packages[id]
	if !ok {
		return pkg, ErrNotFound
	}
	return pkg, nil
}

// Remove removes a package that is no default.
func (c *Catalog) Remove(id string) error {
	if _, err := c.Get(id); err != nil {
		return err
	}
	if c.IsDefault(id) {
		return ErrDefault
	}
	delete(c.Packages, id)
	return nil
}

// IsDefault tells whether a package is the default for its target.
func (c *Catalog) IsDefault(id string) bool {
	pkg, ok := c.Packages[id]
	return ok && c.Defaults[pkg.Target] == id
}

// SetDefault makes a package of the catalog its target's default, or ends that.
func (c *Catalog) SetDefault(id string, on bool) {
	pkg := c.Packages[id]
	switch {
	case on:
		if c.Defaults == nil {
			c.Defaults = map[string]string{}
		}
		c.Defaults[pkg.Target] = id
	case c.IsDefault(id):
		delete(c.Defaults, pkg.Target)
	}
}

// IDs returns the ids of all packages in order.
func (c *Catalog) IDs() []string { return slices.Sorted(maps.Keys(c.Packages)) }

// Versions is the event that tells all packages, in the order of their ids.
func (c *Catalog) Versions(ispID string) rsevent.RSAgentsUpdated {
	packages := make([]rsevent.AgentPackage, 0, len(c.Packages))
	for _, id := range c.IDs() {
		packages = append(packages, c.Packages[id])
	}
	return rsevent.RSAgentsUpdated{ISPID: ispID, Packages: packages}
}

// DefaultVersions is the event that tells the default of each target.
func (c *Catalog) DefaultVersions(ispID string) rsevent.RSDefaultAgentsUpdated {
	defaults := maps.Clone(c.Defaults)
	if defaults == nil {
		defaults = map[string]string{}
	}
	return rsevent.RSDefaultAgentsUpdated{ISPID: ispID, Defaults: defaults}
}

// Clone returns a copy that shares no memory with c.
func (c *Catalog) Clone() Catalog {
	return Catalog{Packages: maps.Clone(c.Packages), Defaults: maps.Clone(c.Defaults)}
}
