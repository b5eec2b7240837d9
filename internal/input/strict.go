package input

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

func unmarshal(data []byte, into any) error {
	value, err := parseJSON(data)
	if err != nil {
		return err
	}
	c := checker{}
	c.check(value, reflect.TypeOf(into).Elem(), "")
	if len(c.errs) == 0 {
		if err := json.Unmarshal(data, into); err != nil {
			c.add("", decodeReason(err))
		}
	}
	return c.err()
}

// checkPatch checks a merge patch against the type that it patches.
func checkPatch(patch map[string]any, current any) error {
	c := checker{patch: true}
	c.check(patch, reflect.TypeOf(current), "")
	return c.err()
}

func parseJSON(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, &Error{Reason: "the body is empty"}
		}
		return nil, &Error{Reason: "the body is not JSON: " + decodeReason(err)}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &Error{Reason: "the body holds more than one JSON value"}
	}
	return value, nil
}

// decodeReason says what is wrong without naming Go types.
func decodeReason(err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("syntax error at byte %d", syntax.Offset)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return "it holds a malformed value"
}

// checker compares decoded JSON with the Go type that it is meant for.
type checker struct {
	patch bool // a merge patch: null is allowed everywhere
	errs  []Field
}

func (c *checker) add(path, message string) {
	c.errs = append(c.errs, Field{Field: path, Message: message})
}

// err returns the error that names what was found, in a stable order.
func (c *checker) err() error {
	if len(c.errs) == 0 {
		return nil
	}
	slices.SortFunc(c.errs, func(a, b Field) int { return strings.Compare(a.Field, b.Field) })
	return &Error{Reason: invalid, Fields: c.errs}
}

func (c *checker) check(value any, t reflect.Type, path string) {
	if t.Kind() == reflect.Pointer {
		if value == nil {
			return
		}
		t = t.Elem()
	}
	if value == nil {
		c.null(t, path)
		return
	}
	if decodesItself(t) {
		c.is(decodable(value, t), path, "a value of the right form")
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		c.object(value, t, path)
	case reflect.Map:
		if object, ok := value.(map[string]any); c.is(ok, path, "an object") {
			for name, v := range object {
				c.check(v, t.Elem(), join(path, name))
			}
		}
	case reflect.Slice, reflect.Array:
		if list, ok := value.([]any); c.is(ok, path, "an array") {
			for i, v := range list {
				c.check(v, t.Elem(), path+"["+strconv.Itoa(i)+"]")
			}
		}
	case reflect.String:
		_, ok := value.(string)
		c.is(ok, path, "a string")
	case reflect.Bool:
		_, ok := value.(bool)
		c.is(ok, path, "true or false")
	default:
		c.number(value, t, path)
	}
}

func (c *checker) null(t reflect.Type, path string) {
	if c.patch || t.Kind() == reflect.Interface || t == reflect.TypeFor[json.RawMessage]() {
		return
	}
	c.add(path, "must not be null")
}

func (c *checker) object(value any, t reflect.Type, path string) {
	object, ok := value.(map[string]any)
	if !c.is(ok, path, "an object") {
		return
	}
	fields := map[string]reflect.Type{}
	collect(t, fields)
	for name, v := range object {
		ft, known := fields[name]
		if !known {
			c.add(join(path, name), "is unknown")
			continue
		}
		c.check(v, ft, join(path, name))
	}
}

func (c *checker) number(value any, t reflect.Type, path string) {
	if t.Kind() == reflect.Interface {
		return
	}
	n, ok := value.(json.Number)
	if !c.is(ok, path, "a number") {
		return
	}
	var err error
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		_, err = strconv.ParseFloat(n.String(), t.Bits())
		c.is(err == nil, path, "a number in range")
		return
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		_, err = strconv.ParseUint(n.String(), 10, t.Bits())
	default:
		_, err = strconv.ParseInt(n.String(), 10, t.Bits())
	}
	c.is(err == nil, path, "a whole number in range")
}

// decodable tells whether a type that decodes itself takes the value.
func decodable(value any, t reflect.Type) bool {
	data, err := json.Marshal(value)
	return err == nil && json.Unmarshal(data, reflect.New(t).Interface()) == nil
}

func (c *checker) is(ok bool, path, want string) bool {
	if !ok {
		c.add(path, "must be "+want)
	}
	return ok
}

// collect lists a struct's JSON fields, those of embedded structs included.
func collect(t reflect.Type, into map[string]reflect.Type) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				collect(inner, into)
			}
		case !f.IsExported():
		case name == "":
			into[f.Name] = f.Type
		default:
			into[name] = f.Type
		}
	}
}

func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) ||
		p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
