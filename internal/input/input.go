// Package input decodes and checks JSON that comes from outside. It is stricter than
// encoding/json: names match by case, unknown ones are refused, null is no value, and
// an error names every wrong field by its JSON path.
//
//	device, err := input.Decode[Device](data)
//	var wrong *input.Error
//	if errors.As(err, &wrong) {
//		fmt.Println(wrong.Fields) // [{agent.version must be a string}]
//	}
package input

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Error says what is wrong with an input. It never holds the input's values.
type Error struct {
	Reason string
	Fields []Field // empty when the input as a whole is wrong
}

// Field says what is wrong with one field.
type Field struct {
	Field   string `json:"field"` // JSON path, such as services.threat_protection.enabled
	Message string `json:"message"`
}

// Invalid returns the error about one field.
func Invalid(field, message string) *Error {
	return &Error{Reason: invalid, Fields: []Field{{Field: field, Message: message}}}
}

const invalid = "the request is not valid"

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Reason)
	for _, f := range e.Fields {
		b.WriteString("; " + f.Field + " " + f.Message)
	}
	return b.String()
}

// Decode reads one JSON value of type T, lets each fill complete it (ids from a path,
// defaults), and checks T's validate tags. Its errors are *Error, or those of fill.
func Decode[T any](data []byte, fill ...func(*T) error) (T, error) {
	var value T
	if err := unmarshal(data, &value); err != nil {
		return value, err
	}
	for _, fn := range fill {
		if err := fn(&value); err != nil {
			return value, err
		}
	}
	return value, Validate(value)
}

// Patch applies an RFC 7396 merge patch, a JSON object, to current and checks the
// result like Decode does. A null removes a field.
func Patch[T any](current T, patch []byte) (T, error) {
	value, err := parseJSON(patch)
	if err != nil {
		return current, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return current, &Error{Reason: "the body is not a JSON object"}
	}
	if err := checkPatch(object, current); err != nil {
		return current, err
	}
	stored, err := json.Marshal(current)
	if err != nil {
		return current, fmt.Errorf("input: encode current: %w", err)
	}
	var target map[string]any
	if err := json.Unmarshal(stored, &target); err != nil {
		return current, fmt.Errorf("input: decode current: %w", err)
	}
	merged, err := json.Marshal(merge(target, object))
	if err != nil {
		return current, fmt.Errorf("input: encode patched: %w", err)
	}
	return Decode[T](merged)
}

// merge is the MergePatch function of RFC 7396, section 2.
func merge(target, patch map[string]any) map[string]any {
	if target == nil {
		target = map[string]any{}
	}
	for name, value := range patch {
		if value == nil {
			delete(target, name)
			continue
		}
		if object, ok := value.(map[string]any); ok {
			inner, _ := target[name].(map[string]any)
			target[name] = merge(inner, object)
			continue
		}
		target[name] = value
	}
	return target
}
