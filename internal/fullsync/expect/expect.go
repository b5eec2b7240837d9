// Package expect says which documents the HomeSecure backend must hold after a full
// sync, from the sync's input alone.
//
// It is written from the published contract and shares no code with the services that
// build those documents: a mistake there must show as a difference, not be repeated here.
// Documents are plain JSON values (map[string]any, []any, string, bool, json.Number).
package expect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hexplane/hexplane/internal/fullsync/input"
)

// The kinds of documents, named as in the paths of the HS Admin interface.
const (
	Devices       = "devices"
	Routers       = "routers"
	FeatureFlags  = "feature-flags"
	AgentPackages = "agent-packages"
	System        = "system"
)

// Kinds lists the kinds in the order in which a report shows them.
func Kinds() []string { return []string{Devices, Routers, FeatureFlags, AgentPackages, System} }

// Document is one document that the backend must hold in an ISP's realm.
type Document struct {
	ISPID string
	Kind  string
	ID    string
	Want  any
}

// Household lists what a household of the provider demands: one document for each device
// and router, and one for each router's feature flags when it has any.
func Household(p *input.Provider, h *input.Household) ([]Document, error) {
	var docs []Document
	for _, device := range h.Devices {
		doc := Document{ISPID: p.ISPID, Kind: Devices, ID: device.DeviceID}
		if device.IsRouter() {
			doc.Kind = Routers
			doc.Want = routerConfiguration(p, h, device)
		} else {
			want, err := deviceConfiguration(p, h, device)
			if err != nil {
				return nil, err
			}
			doc.Want = want
		}
		docs = append(docs, doc)
		if device.IsRouter() && len(device.FeatureFlags) > 0 {
			flags := map[string]any{}
			for name, on := range device.FeatureFlags {
				flags[name] = on
			}
			docs = append(docs, Document{ISPID: p.ISPID, Kind: FeatureFlags, ID: device.DeviceID, Want: flags})
		}
	}
	return docs, nil
}

func deviceConfiguration(p *input.Provider, h *input.Household, d input.Device) (map[string]any, error) {
	rules := make([]any, 0, len(d.ActRules))
	for _, raw := range d.ActRules {
		rule, err := Decode(raw)
		if err != nil {
			return nil, fmt.Errorf("act rule of %s: %w", d.DeviceID, err)
		}
		rules = append(rules, rule)
	}
	doc := map[string]any{
		"device":    identity(p, d),
		"services":  resolve(p, h, d),
		"is_iot":    d.IsIoT,
		"act_rules": rules,
	}
	if h.Account.Status == "suspended" {
		doc["action"] = "block"
	}
	return doc, nil
}

func routerConfiguration(p *input.Provider, h *input.Household, d input.Device) map[string]any {
	identifiers := make([]any, 0, len(d.Identifiers))
	for _, identifier := range d.Identifiers {
		identifiers = append(identifiers, identifier)
	}
	doc := map[string]any{
		"device":      identity(p, d),
		"services":    resolve(p, h, d),
		"enabled":     h.Account.Status == "active" && protected(h.Account),
		"identifiers": identifiers,
	}
	if target := agentPackage(p, h, d); target != "" {
		doc["target_agent_package"] = target
	}
	if len(d.UploadIntervals) > 0 {
		intervals := map[string]any{}
		for name, seconds := range d.UploadIntervals {
			intervals[name] = number(int64(seconds))
		}
		doc["upload_intervals"] = intervals
	}
	return doc
}

func protected(account input.Account) bool { return slices.Contains(account.Products, "RouterSecure") }

// agentPackage is the router's own association, else the default for its target, else
// none.
func agentPackage(p *input.Provider, h *input.Household, d input.Device) string {
	if own := h.AgentPackages[d.DeviceID]; own != "" {
		return own
	}
	if d.Agent == nil {
		return ""
	}
	return defaults(p)[d.Agent.Target]
}

func defaults(p *input.Provider) map[string]string {
	byTarget := map[string]string{}
	for _, pkg := range p.AgentPackages {
		if pkg.Default {
			byTarget[pkg.Target] = pkg.AgentPackageID
		}
	}
	return byTarget
}

func identity(p *input.Provider, d input.Device) map[string]any {
	return map[string]any{
		"device_id":  d.DeviceID,
		"account_id": d.AccountID,
		"isp_id":     p.ISPID,
		"mac":        strings.ToLower(d.MAC),
		"hostname":   d.Hostname,
		"name":       d.Name,
	}
}

// resolve decides each filter field by field: the device says, else its user, else the
// account, else the ISP's configuration, else the filter is off and has no page.
func resolve(p *input.Provider, h *input.Household, d input.Device) map[string]any {
	levels := []*input.Services{d.Services, userServices(h, d.UserID), h.Account.Services, p.Configuration.Services}
	content := make([]*input.Filter, 0, len(levels))
	threat := make([]*input.Filter, 0, len(levels))
	for _, services := range levels {
		if services == nil {
			continue
		}
		content = append(content, services.ContentFiltering)
		threat = append(threat, services.ThreatProtection)
	}
	return map[string]any{"content_filtering": decide(content), "threat_protection": decide(threat)}
}

func userServices(h *input.Household, userID string) *input.Services {
	for _, user := range h.Users {
		if user.UserID == userID {
			return user.Services
		}
	}
	return nil
}

func decide(levels []*input.Filter) map[string]any {
	filter := map[string]any{"enabled": false, "blocking_page_url": ""}
	said := false
	for _, level := range levels {
		if level == nil {
			continue
		}
		if !said {
			filter["enabled"], said = level.Enabled, true
		}
		if filter["blocking_page_url"] == "" {
			filter["blocking_page_url"] = level.BlockingPageURL
		}
	}
	return filter
}

// Decode reads JSON into plain values, numbers as they are written.
func Decode(raw []byte) (any, error) {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return value, nil
}
