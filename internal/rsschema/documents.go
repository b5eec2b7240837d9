package rsschema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/hexplane/hexplane/rsmodels"
)

// document is one kind of HS Admin document: the type of its content, and the
// rules of the whole when that is no struct.
type document struct {
	name, title string
	content     reflect.Type
	rules       string
}

func documents() []document {
	return []document{
		{"device-configuration", "DeviceConfiguration", reflect.TypeFor[rsmodels.DeviceSpec](), ""},
		{"router-configuration", "RouterConfiguration", reflect.TypeFor[rsmodels.RouterSpec](), ""},
		{"feature-flags", "FeatureFlags", reflect.TypeFor[rsmodels.FeatureFlagsSpec](), rsmodels.FeatureFlagsRules},
		{"agent-package", "AgentPackage", reflect.TypeFor[rsmodels.AgentPackageSpec](), ""},
		{"system-router-dns", "SystemRouterDNS", reflect.TypeFor[rsmodels.SystemRouterDNSSpec](), ""},
		{"system-router-allowed-ip", "SystemRouterAllowedIP", reflect.TypeFor[rsmodels.SystemRouterAllowedIPSpec](), ""},
		{"system-general", "SystemGeneral", reflect.TypeFor[rsmodels.SystemGeneralSpec](), rsmodels.SystemGeneralRules},
		{"system-agent-versions", "SystemAgentVersions", reflect.TypeFor[rsmodels.SystemAgentVersionsSpec](), ""},
		{"system-agent-default", "SystemAgentDefault", reflect.TypeFor[rsmodels.SystemAgentDefaultSpec](), ""},
	}
}

// Documents are the JSON Schemas (draft 2020-12) of all HS Admin documents, by
// file name.
func Documents() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, d := range documents() {
		w := &writer{refs: "#/$defs/", closed: true, definitions: map[string]schema{}}
		root := w.root(d.content, d.rules)
		root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		root["title"] = d.title
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(root); err != nil {
			return nil, fmt.Errorf("rsschema: %s: %w", d.name, err)
		}
		files[d.name+".schema.json"] = out.Bytes()
	}
	return files, nil
}
