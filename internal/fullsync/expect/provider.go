package expect

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/hexplane/hexplane/internal/fullsync/input"
)

// Provider lists what the provider itself demands: its agent packages and the system
// documents of its realm. createdAt says when each agent package was registered, which
// the service decides and its REST interface tells.
func Provider(p *input.Provider, createdAt map[string]string) ([]Document, error) {
	system := func(id string, want any) Document {
		return Document{ISPID: p.ISPID, Kind: System, ID: id, Want: want}
	}
	docs := []Document{
		system("router-dns", map[string]any{
			"enabled": p.RouterProtection.Enabled, "servers": list(p.RouterProtection.DNSAllowedList),
		}),
		system("router-allowed-ip", map[string]any{
			"enabled": p.RouterProtection.Enabled, "addresses": list(p.RouterProtection.AllowedList),
		}),
	}
	settings, err := general(p)
	if err != nil {
		return nil, err
	}
	docs = append(docs, system("general", settings))
	packages := []any{}
	for _, pkg := range p.AgentPackages {
		want := agentPackageDocument(p, pkg, createdAt[pkg.AgentPackageID])
		packages = append(packages, want)
		docs = append(docs, Document{ISPID: p.ISPID, Kind: AgentPackages, ID: pkg.AgentPackageID, Want: want})
	}
	byTarget := map[string]any{}
	for target, id := range defaults(p) {
		byTarget[target] = id
	}
	return append(docs,
		system("agent-versions", map[string]any{"packages": packages}),
		system("agent-default", map[string]any{"defaults": byTarget}),
	), nil
}

// general holds the parts of the settings that were ever set.
func general(p *input.Provider) (map[string]any, error) {
	settings := map[string]any{}
	for name, raw := range map[string]json.RawMessage{
		"lan_protection": p.LANProtection, "advanced_configuration": p.AdvancedConfiguration,
	} {
		if len(raw) == 0 {
			continue
		}
		part, err := Decode(raw)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", name, p.ISPID, err)
		}
		settings[name] = part
	}
	return settings, nil
}

func agentPackageDocument(p *input.Provider, pkg input.AgentPackage, createdAt string) map[string]any {
	return map[string]any{
		"agent_package_id": pkg.AgentPackageID,
		"isp_id":           p.ISPID,
		"target":           pkg.Target,
		"version":          pkg.Version,
		"url":              pkg.URL,
		"sha256":           pkg.SHA256,
		"size":             number(pkg.Size),
		"created_at":       createdAt,
	}
}

func list(values []string) []any {
	out := make([]any, 0, len(values))
	for _, value := range values {
		out = append(out, value)
	}
	return out
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
