package domain

import (
	"encoding/json"
	"maps"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// ISP is an internet provider's global configuration, owned by customconfig.
type ISP = Copy[rsevent.ISPConfiguration]

// Agents is what is known of an internet provider's agent packages, owned by
// rsagents.
type Agents struct {
	// Targets tells, by package id, which target a package is built for.
	Targets  map[string]string `json:"targets,omitempty"`
	Packages Revision          `json:"packages_revision"`
	// Defaults tells, by target, which package its routers run.
	Defaults         map[string]string `json:"defaults,omitempty"`
	DefaultsRevision Revision          `json:"defaults_revision"`
}

// Refers tells whether a package is some target's default.
func (a Agents) Refers(packageID string) bool {
	for _, id := range a.Defaults {
		if id == packageID {
			return true
		}
	}
	return false
}

// SameDefaults tells whether defaults are those already known.
func (a Agents) SameDefaults(defaults map[string]string) bool {
	return maps.Equal(a.Defaults, defaults)
}

// Association makes one router run another package than its ISP's default.
type Association struct {
	ISPID     string `json:"isp_id"`
	PackageID string `json:"agent_package_id"`
}

// Settings are an internet provider's RouterSecure settings, owned by rsclient.
type Settings struct {
	RouterProtection bool     `json:"router_protection"`
	DNSAllowedList   []string `json:"dns_allowed_list,omitempty"`
	AllowedList      []string `json:"allowed_list,omitempty"`
	// LANProtection and Advanced are JSON objects that are passed on as they are.
	LANProtection map[string]json.RawMessage `json:"lan_protection,omitempty"`
	Advanced      map[string]json.RawMessage `json:"advanced_configuration,omitempty"`
}

// Names of the parts of an ISP's general settings.
const (
	partLANProtection = "lan_protection"
	partAdvanced      = "advanced_configuration"
)

// Protection is the event that tells an ISP's router protection.
func (s Settings) Protection(ispID string) rsevent.RSRouterProtectionUpdated {
	return rsevent.RSRouterProtectionUpdated{
		ISPID: ispID, Enabled: s.RouterProtection,
		DNSAllowedList: list(s.DNSAllowedList), AllowedList: list(s.AllowedList),
	}
}

// System is the event that tells an ISP's general settings. A part that was
// never set is absent.
func (s Settings) System(ispID string) (rsevent.RSSystemUpdated, error) {
	general := map[string]json.RawMessage{}
	parts := map[string]map[string]json.RawMessage{partLANProtection: s.LANProtection, partAdvanced: s.Advanced}
	for name, part := range parts {
		if part == nil {
			continue
		}
		raw, err := json.Marshal(part)
		if err != nil {
			return rsevent.RSSystemUpdated{}, err
		}
		general[name] = raw
	}
	return rsevent.RSSystemUpdated{ISPID: ispID, General: general}, nil
}

// list makes an empty list of a missing one: on the wire it is never null.
func list(items []string) []string {
	if items == nil {
		return []string{}
	}
	return items
}
