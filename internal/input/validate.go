package input

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
)

// validate is safe for concurrent use and caches what it learns of each type.
var validate = newValidator()

// inlined marks an embedded struct, whose fields stand in the object around it.
const inlined = "~"

func newValidator() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		if f.Anonymous {
			return inlined
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	return v
}

// Validate checks a struct's validate tags; anything else is valid. Its error is an
// *Error that names each wrong field.
func Validate(value any) error {
	if reflect.Indirect(reflect.ValueOf(value)).Kind() != reflect.Struct {
		return nil
	}
	err := validate.Struct(value)
	var wrong validator.ValidationErrors
	if err == nil || !errors.As(err, &wrong) {
		return err
	}
	out := &Error{Reason: invalid}
	for _, e := range wrong {
		out.Fields = append(out.Fields, Field{Field: fieldPath(e.Namespace()), Message: describe(e)})
	}
	return out
}

// fieldPath turns a validator's namespace, such as T.~.device.mac, into a JSON path.
func fieldPath(namespace string) string {
	_, path, _ := strings.Cut(namespace, ".")
	return strings.ReplaceAll(path, inlined+".", "")
}

// describe says in words what a validate tag demands.
func describe(e validator.FieldError) string {
	switch e.Tag() {
	case "required":
		return "is required"
	case "unique":
		return "must not repeat an item"
	case "printascii", "excludesall":
		return "must be printable ASCII without spaces or any of /?#%"
	case "oneof":
		return "must be one of " + strings.Join(strings.Fields(e.Param()), ", ")
	case "min", "gte":
		return "must be at least " + e.Param() + unit(e.Kind())
	case "max", "lte":
		return "must be at most " + e.Param() + unit(e.Kind())
	case "eq=|http_url":
		return "must be an http or https URL, or empty"
	}
	if e.Param() != "" {
		return fmt.Sprintf("must satisfy %s=%s", e.Tag(), e.Param())
	}
	return "must be a valid " + strings.ReplaceAll(e.Tag(), "|", " or ")
}

func unit(kind reflect.Kind) string {
	switch kind {
	case reflect.String:
		return " characters long"
	case reflect.Slice, reflect.Map, reflect.Array:
		return " items long"
	default:
		return ""
	}
}
