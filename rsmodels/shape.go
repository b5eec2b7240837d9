package rsmodels

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	rawType  = reflect.TypeFor[json.RawMessage]()
	timeType = reflect.TypeFor[time.Time]()
)

// shape compares valid JSON with what a type would write, and reports every
// unknown, missing, repeated, null or mistyped field. encoding/json alone would
// let each of these pass, or stop at the first.
func shape(data []byte, t reflect.Type) []Violation {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	w := walker{dec: dec}
	w.value(t, "", 0)
	return w.found
}

type walker struct {
	dec   *json.Decoder
	found []Violation
}

func (w *walker) report(path, rule string) {
	w.found = append(w.found, Violation{Path: path, Rule: rule})
}

// value reads one value that should be a t.
func (w *walker) value(t reflect.Type, path string, depth int) {
	token, err := w.dec.Token()
	if err != nil {
		w.report(path, "json")
		return
	}
	delim, _ := token.(json.Delim)
	if depth == maxDepth && delim != 0 {
		w.report(path, "depth<"+strconv.Itoa(maxDepth))
		t = nil
	}
	if want := mistyped(t, token); want != "" {
		w.report(path, want)
		t = nil
	}
	switch delim {
	case '{':
		w.object(t, path, depth)
	case '[':
		w.array(t, path, depth)
	}
}

// mistyped says what a token that starts a value should have been, or nothing.
// A nil type accepts everything, as free JSON does.
func mistyped(t reflect.Type, token json.Token) string {
	if t == nil || t == rawType {
		return ""
	}
	if token == nil {
		return "not null"
	}
	if t == timeType {
		return mistypedTime(token)
	}
	var ok bool
	want := jsonType(t)
	switch want {
	case "object":
		ok = token == json.Delim('{')
	case "array":
		ok = token == json.Delim('[')
	case "string":
		_, ok = token.(string)
	case "boolean":
		_, ok = token.(bool)
	case "integer":
		ok = isInteger(token)
	}
	if ok {
		return ""
	}
	return "type=" + want
}

func mistypedTime(token json.Token) string {
	text, ok := token.(string)
	if !ok {
		return "type=string"
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return "rfc3339"
	}
	return ""
}

func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Slice:
		return "array"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "integer"
	default:
		return "string"
	}
}

func isInteger(token json.Token) bool {
	number, ok := token.(json.Number)
	if !ok {
		return false
	}
	_, err := strconv.ParseInt(number.String(), 10, 64)
	return err == nil
}

func (w *walker) array(t reflect.Type, path string, depth int) {
	var elem reflect.Type
	if t != nil && t != rawType {
		elem = t.Elem()
	}
	for i := 0; w.dec.More(); i++ {
		w.value(elem, fmt.Sprintf("%s[%d]", path, i), depth+1)
	}
	_, _ = w.dec.Token()
}

func (w *walker) object(t reflect.Type, path string, depth int) {
	fields := fieldsOf(t)
	seen := map[string]bool{}
	for w.dec.More() {
		token, err := w.dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			w.report(path, "json")
			return
		}
		at := join(path, name)
		if seen[name] {
			w.report(at, "repeated")
		}
		seen[name] = true
		w.value(w.member(t, fields, name, at), at, depth+1)
	}
	_, _ = w.dec.Token()
	for name, field := range fields {
		if field.required && !seen[name] {
			w.report(join(path, name), "required")
		}
	}
}

// member is the type of the named member of an object that should be a t.
func (w *walker) member(t reflect.Type, fields map[string]field, name, at string) reflect.Type {
	switch {
	case t == nil || t == rawType:
		return nil
	case t.Kind() == reflect.Map:
		return t.Elem()
	}
	known, ok := fields[name]
	if !ok {
		w.report(at, "unknown field")
	}
	return known.typ
}

type field struct {
	typ      reflect.Type
	required bool
}

// fieldCache remembers fieldsOf, by type.
var fieldCache sync.Map

// fieldsOf lists the members that encoding/json writes for a struct type.
func fieldsOf(t reflect.Type) map[string]field {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	if known, ok := fieldCache.Load(t); ok {
		fields, _ := known.(map[string]field)
		return fields
	}
	fields := map[string]field{}
	defer fieldCache.Store(t, fields)
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" {
			continue
		}
		fields[name] = field{typ: f.Type, required: options != "omitempty"}
	}
	return fields
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
