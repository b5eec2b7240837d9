package check

import (
	"errors"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
)

// Checker checks values against validator tags. It is safe for concurrent use.
type Checker struct{ validate *validator.Validate }

// Rule is a validator tag of one's own and what it asks of a field.
type Rule struct {
	Tag   string
	Holds func(field reflect.Value) bool
}

// New makes a checker that knows the validator library's tags and the rules.
func New(rules ...Rule) *Checker {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(wireName)
	for _, rule := range rules {
		holds := rule.Holds
		// The library refuses only empty tags and nil functions.
		_ = v.RegisterValidation(rule.Tag, func(fl validator.FieldLevel) bool { return holds(fl.Field()) })
	}
	return &Checker{validate: v}
}

// Struct checks a struct, or a pointer to one, by the tags of its fields.
func (c *Checker) Struct(value any) []Violation { return violations(c.validate.Struct(value)) }

// Value checks a value by a tag.
func (c *Checker) Value(value any, tag string) []Violation {
	return violations(c.validate.Var(value, tag))
}

// inlined stands for an embedded struct, whose fields are its parent's.
const inlined = "~"

func wireName(f reflect.StructField) string {
	if f.Anonymous {
		return inlined
	}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func violations(err error) []Violation {
	if err == nil {
		return nil
	}
	var fields validator.ValidationErrors
	if !errors.As(err, &fields) {
		return []Violation{{Rule: "struct"}}
	}
	found := make([]Violation, len(fields))
	for i, f := range fields {
		found[i] = Violation{Path: path(f.Namespace()), Rule: rule(f)}
	}
	return found
}

// path turns "RSDevice.~.device.mac" into "device.mac", and what a map or slice
// checked on its own is called, "[key]", into "key".
func path(namespace string) string {
	if key, ok := strings.CutPrefix(namespace, "["); ok {
		return strings.TrimSuffix(key, "]")
	}
	_, field, _ := strings.Cut(namespace, ".")
	return strings.ReplaceAll(field, inlined+".", "")
}

func rule(f validator.FieldError) string {
	if f.Param() == "" || strings.Contains(f.Tag(), "|") {
		return f.Tag()
	}
	return f.Tag() + "=" + f.Param()
}
