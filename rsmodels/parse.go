package rsmodels

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/hexplane/hexplane/rsmodels/internal/check"
)

// parse reads a spec strictly and makes a document of it. What the shape of the
// JSON and the rules of the spec object to is reported together.
func parse[S, D any](data []byte, at place, build func(S) (D, error)) (D, error) {
	var (
		spec S
		none D
	)
	if err := check.Fail(at.subject, readable(data, at.limit)); err != nil {
		return none, err
	}
	found := shape(data, reflect.TypeFor[S]())
	if err := json.Unmarshal(data, &spec); err != nil && len(found) == 0 {
		found = append(found, Violation{Rule: "json"})
	}
	doc, err := build(spec)
	if len(found) == 0 {
		return doc, err
	}
	if invalid, ok := errors.AsType[*InvalidError](err); ok {
		found = append(found, invalid.Violations...)
	}
	return none, check.Fail(at.subject, found)
}

func readable(data []byte, limit int) []Violation {
	switch {
	case len(data) > limit:
		return []Violation{tooLarge(limit)}
	case !utf8.Valid(data):
		return []Violation{{Rule: "utf8"}}
	case !json.Valid(data):
		return []Violation{{Rule: "json"}}
	}
	return nil
}

// Parse reads the document of a kind and id from JSON. A document whose content
// names another id is refused.
func Parse(kind, id string, data []byte) (Document, error) {
	var (
		doc Document
		err error
	)
	switch kind {
	case KindDevices:
		doc, err = ParseDeviceConfiguration(data)
	case KindRouters:
		doc, err = ParseRouterConfiguration(data)
	case KindFeatureFlags:
		doc, err = ParseFeatureFlags(id, data)
	case KindAgentPackages:
		doc, err = ParseAgentPackage(data)
	case KindSystem:
		doc, err = parseSystem(id, data)
	default:
		return nil, check.Fail("document", []Violation{{Path: "kind", Rule: "unknown"}})
	}
	if err != nil {
		return nil, err
	}
	if doc.ID() != id {
		return nil, check.Fail(fmt.Sprintf("document of %s", kind), []Violation{{Path: idPath(kind), Rule: "eq the id in the path"}})
	}
	return doc, nil
}

func parseSystem(id string, data []byte) (Document, error) {
	switch id {
	case SystemRouterDNSID:
		return ParseSystemRouterDNS(data)
	case SystemRouterAllowedIPID:
		return ParseSystemRouterAllowedIP(data)
	case SystemGeneralID:
		return ParseSystemGeneral(data)
	case SystemAgentVersionsID:
		return ParseSystemAgentVersions(data)
	case SystemAgentDefaultID:
		return ParseSystemAgentDefault(data)
	}
	return nil, check.Fail("system document", []Violation{{Path: "id", Rule: "unknown"}})
}

func idPath(kind string) string {
	if kind == KindAgentPackages {
		return "agent_package_id"
	}
	return "device.device_id"
}
