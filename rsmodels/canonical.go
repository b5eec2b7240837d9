package rsmodels

import (
	"bytes"
	"encoding/json"
	"reflect"
	"unicode/utf8"
)

// maxDepth is how deeply arrays and objects of a document may nest.
const maxDepth = 64

// isJSON tells whether raw is one JSON value, or object, that nests no deeper
// than maxDepth and repeats no name within an object.
func isJSON(raw []byte, object bool) bool {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return false
	}
	if object && bytes.TrimLeft(raw, " \t\r\n")[0] != '{' {
		return false
	}
	return len(shape(raw, reflect.TypeFor[json.RawMessage]())) == 0
}

// canonicalValue is raw on one line with sorted names, or raw itself when it is
// not JSON, which the rules then refuse. Numbers keep their text.
func canonicalValue(raw json.RawMessage) json.RawMessage {
	if !isJSON(raw, false) {
		return raw
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return raw
	}
	canonical, err := json.Marshal(value)
	if err != nil {
		return raw
	}
	return canonical
}

func canonicalObjects(raws []json.RawMessage) []json.RawMessage {
	canonical := make([]json.RawMessage, len(raws))
	for i, raw := range raws {
		canonical[i] = canonicalValue(raw)
	}
	return canonical
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
