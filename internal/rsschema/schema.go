package rsschema

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// schema is one JSON Schema.
type schema = map[string]any

// writer turns types into schemas. Structs other than the root become
// definitions that are referred to.
type writer struct {
	// refs is what references start with, such as "#/$defs/".
	refs string
	// closed refuses properties that are not named.
	closed      bool
	definitions map[string]schema
}

var (
	rawType  = reflect.TypeFor[json.RawMessage]()
	timeType = reflect.TypeFor[time.Time]()
)

// of is the schema of a type whose field has the given validator rules.
func (w *writer) of(t reflect.Type, rules tag) schema {
	switch {
	case t.Kind() == reflect.Pointer:
		return w.of(t.Elem(), rules)
	case t == timeType:
		return schema{"type": "string", "format": "date-time"}
	case t == rawType:
		return rules.constrain(schema{}, "any")
	}
	switch t.Kind() {
	case reflect.Struct:
		return w.reference(t)
	case reflect.Slice:
		return rules.constrain(schema{"type": "array", "items": w.of(t.Elem(), rules.elements())}, "array")
	case reflect.Map:
		object := schema{"type": "object", "additionalProperties": w.of(t.Elem(), rules.elements())}
		if keys := rules.keys().constrain(schema{}, "string"); len(keys) > 0 {
			object["propertyNames"] = keys
		}
		return rules.constrain(object, "object")
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return rules.constrain(schema{"type": "integer"}, "integer")
	default:
		return rules.constrain(schema{"type": "string"}, "string")
	}
}

func (w *writer) reference(t reflect.Type) schema {
	if _, known := w.definitions[t.Name()]; !known {
		w.definitions[t.Name()] = nil // ends recursion
		w.definitions[t.Name()] = w.object(t)
	}
	return schema{"$ref": w.refs + t.Name()}
}

// object is the schema of a struct with its embedded structs flattened.
func (w *writer) object(t reflect.Type) schema {
	properties, required := schema{}, []string{}
	object := schema{"type": "object"}
	names := namesOf(t)
	for _, f := range reflect.VisibleFields(t) {
		name, optional, ok := member(f)
		if !ok {
			continue
		}
		rules := parseTag(f.Tag.Get("validate"))
		properties[name] = w.of(f.Type, rules)
		if !optional {
			required = append(required, name)
		}
		rules.relate(object, name, names)
	}
	object["properties"] = properties
	if slices.Sort(required); len(required) > 0 {
		object["required"] = required
	}
	if w.closed {
		object["additionalProperties"] = false
	}
	return object
}

// member is the JSON name of a field, and whether it may be left out.
func member(f reflect.StructField) (name string, optional, ok bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, options == "omitempty", !f.Anonymous && name != ""
}

// namesOf maps Go field names to JSON names.
func namesOf(t reflect.Type) map[string]string {
	names := map[string]string{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, ok := member(f); ok {
			names[f.Name] = name
		}
	}
	return names
}

// root is the schema of a whole document.
func (w *writer) root(t reflect.Type, rules string) schema {
	if t.Kind() != reflect.Struct {
		return w.of(t, parseTag(rules))
	}
	root := w.object(t)
	if len(w.definitions) > 0 {
		root["$defs"] = maps.Clone(w.definitions)
	}
	return root
}
