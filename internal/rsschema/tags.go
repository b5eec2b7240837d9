package rsschema

import (
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/hexplane/hexplane/rsmodels"
)

// tag is a validator tag, rule by rule.
type tag []string

func parseTag(text string) tag {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// own are the rules of the field itself, before those of its elements.
func (t tag) own() tag {
	for i, rule := range t {
		if rule == "dive" {
			return t[:i]
		}
	}
	return t
}

func (t tag) afterDive() tag {
	if own := t.own(); len(own) < len(t) {
		return t[len(own)+1:]
	}
	return nil
}

// keys are the rules of a map's keys.
func (t tag) keys() tag {
	rest := t.afterDive()
	if len(rest) == 0 || rest[0] != "keys" {
		return nil
	}
	for i, rule := range rest {
		if rule == "endkeys" {
			return rest[1:i]
		}
	}
	return nil
}

// elements are the rules of a list's elements or a map's values.
func (t tag) elements() tag {
	rest := t.afterDive()
	if keys := t.keys(); keys != nil {
		return rest[len(keys)+2:]
	}
	return rest
}

// constrain adds to a schema of the given type what the field's own rules ask.
func (t tag) constrain(s schema, kind string) schema {
	var all []any
	mayBeEmpty := false
	for _, rule := range t.own() {
		if rule == "omitempty" && kind == "string" {
			mayBeEmpty = true
			continue
		}
		all = merge(s, all, alternatives(rule, kind))
	}
	if len(all) > 0 {
		s["allOf"] = all
	}
	if mayBeEmpty && len(s) > 1 {
		delete(s, "type")
		return schema{"type": "string", "anyOf": []any{schema{"const": ""}, s}}
	}
	return s
}

// merge puts keywords into s, and those that s has already into all.
func merge(s schema, all []any, add schema) []any {
	for keyword := range add {
		if _, taken := s[keyword]; taken && keyword != "type" {
			return append(all, add)
		}
	}
	maps.Copy(s, add)
	return all
}

// alternatives is the schema of one rule, which may be several joined by "|".
func alternatives(rule, kind string) schema {
	parts := strings.Split(rule, "|")
	if len(parts) == 1 {
		return keyword(rule, kind)
	}
	choices := make([]any, len(parts))
	for i, part := range parts {
		choices[i] = keyword(part, kind)
	}
	return schema{"anyOf": choices}
}

const (
	semver = `^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)` +
		`(-((0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?` +
		`(\+([0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*))?$`
	anyMAC = `^[0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){5,7}$|^[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2,3}$`
	cidr   = `^[0-9A-Fa-f.:]+/[0-9]{1,3}$`
)

// keyword is the schema of one rule. Rules that relate fields are told by relate.
func keyword(rule, kind string) schema {
	name, param, _ := strings.Cut(rule, "=")
	switch name {
	case "required":
		return atLeastOne(kind)
	case "max", "min":
		return bound(name, param, kind)
	case "oneof":
		return schema{"enum": strings.Fields(param)}
	case "eq":
		return schema{"const": param}
	case "unique":
		if param == "" {
			return schema{"uniqueItems": true}
		}
		return schema{"$comment": "each " + param + " stands once"}
	case "excludesall":
		return schema{"pattern": "^[^" + regexp.QuoteMeta(param) + "]*$"}
	case "jsonobject":
		return schema{"type": "object"}
	}
	return formatOf(name)
}

// formatOf is the schema of a rule about the form of a string.
func formatOf(name string) schema {
	switch name {
	case "token":
		return schema{"pattern": rsmodels.IDPattern}
	case "mac48":
		return schema{"pattern": rsmodels.MAC48Pattern}
	case "mac":
		return schema{"pattern": anyMAC}
	case "text":
		return schema{"pattern": `^\P{Cc}*$`}
	case "printascii":
		return schema{"pattern": `^[\x20-\x7e]*$`}
	case "weburl", "http_url":
		return schema{"format": "uri", "pattern": `^https?://`}
	case "ip", "ipaddr":
		return schema{"anyOf": []any{schema{"format": "ipv4"}, schema{"format": "ipv6"}}}
	case "cidr", "iprange":
		return schema{"pattern": cidr}
	case "semver":
		return schema{"pattern": semver}
	case "sha256":
		return schema{"pattern": "^[a-f0-9]{64}$"}
	}
	return nil
}

func atLeastOne(kind string) schema {
	if kind == "string" {
		return schema{"minLength": 1}
	}
	return nil
}

func bound(name, param, kind string) schema {
	limit, err := strconv.ParseInt(param, 10, 64)
	if err != nil {
		return nil
	}
	switch kind {
	case "string":
		return schema{name + "Length": limit}
	case "array":
		return schema{name + "Items": limit}
	case "object":
		return schema{name + "Properties": limit}
	case "integer":
		return schema{name + "imum": limit}
	}
	return nil
}

// relate adds to an object what a field's rules ask of other fields. names maps
// Go field names to JSON names.
func (t tag) relate(object schema, field string, names map[string]string) {
	for _, rule := range t.own() {
		name, param, _ := strings.Cut(rule, "=")
		switch name {
		case "required_with":
			dependencies, _ := object["dependencies"].(schema)
			if dependencies == nil {
				dependencies = schema{}
				object["dependencies"] = dependencies
			}
			dependencies[names[param]] = []string{field}
		case "required_if":
			other, value, _ := strings.Cut(param, " ")
			object["if"] = schema{"properties": schema{names[other]: schema{"const": value}}}
			object["then"] = schema{"required": []string{field}}
		}
	}
}
