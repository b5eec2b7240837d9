package rsevent

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// ErrInvalid is matched by every error of [Validate].
var ErrInvalid = errors.New("rsevent: invalid payload")

// Validate checks a payload of this package, or a pointer to one, against its
// validator tags and reports every violation at once, each with the path of its
// field as on the wire. The error never holds the offending values. It is safe
// for concurrent use.
func Validate(payload any) error {
	err := payloadValidator().Struct(payload)
	if err == nil {
		return nil
	}
	var fields validator.ValidationErrors
	if !errors.As(err, &fields) {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = wirePath(f.Namespace()) + ": " + rule(f)
	}
	return fmt.Errorf("%w: %s", ErrInvalid, strings.Join(parts, "; "))
}

var payloadValidator = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		if f.Anonymous {
			return inlined
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	return v
})

// inlined marks an embedded struct, whose fields stand in its parent's object.
const inlined = "~"

// wirePath turns "RSDevice.~.device.mac" into "device.mac".
func wirePath(namespace string) string {
	_, path, _ := strings.Cut(namespace, ".")
	return strings.ReplaceAll(path, inlined+".", "")
}

func rule(f validator.FieldError) string {
	if f.Param() == "" || strings.Contains(f.Tag(), "|") {
		return f.Tag()
	}
	return f.Tag() + "=" + f.Param()
}
