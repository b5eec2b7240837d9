package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
)

// MaxBody is the size in bytes of the largest body that is read.
const MaxBody = 1 << 20

// Decode reads the body as one JSON value of type T, strictly, and checks T's
// validate tags. Errors are problems that name the field: 400, or 413 for a body
// that is too large.
func Decode[T any](r *http.Request) (T, error) {
	var zero T
	data, err := body(r)
	if err != nil {
		return zero, err
	}
	return parse[T](data)
}

// DecodePatch reads the body as an RFC 7396 merge patch of current and returns the
// patched value. A null removes a field; unknown fields and wrong types are refused
// like Decode does.
func DecodePatch[T any](r *http.Request, current T) (T, error) {
	var zero T
	data, err := body(r)
	if err != nil {
		return zero, err
	}
	value, err := parseJSON(data)
	if err != nil {
		return zero, err
	}
	patch, ok := value.(map[string]any)
	if !ok {
		return zero, NewProblem(http.StatusBadRequest, "the body is not a JSON object")
	}
	c := checker{patch: true}
	if c.check(patch, reflect.TypeFor[T](), ""); len(c.errs) > 0 {
		return zero, c.problem()
	}
	stored, err := json.Marshal(current)
	if err != nil {
		return zero, fmt.Errorf("httpapi: encode current: %w", err)
	}
	var target map[string]any
	if err := json.Unmarshal(stored, &target); err != nil {
		return zero, fmt.Errorf("httpapi: decode current: %w", err)
	}
	merged, err := json.Marshal(merge(target, patch))
	if err != nil {
		return zero, fmt.Errorf("httpapi: encode patched: %w", err)
	}
	return parse[T](merged)
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

func body(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || len(data) > MaxBody {
		return nil, NewProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body exceeds %d bytes", MaxBody))
	}
	if err != nil {
		return nil, NewProblem(http.StatusBadRequest, "the body could not be read")
	}
	return data, nil
}

func parse[T any](data []byte) (T, error) {
	var value T
	if err := unmarshal(data, &value); err != nil {
		return value, err
	}
	if err := Validate(value); err != nil {
		return value, err
	}
	return value, nil
}

// fieldNames reports fields by their JSON names.
var fieldNames = newValidator()

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

// Validate checks a struct's validate tags. Its error is a problem that names each
// wrong field.
func Validate(value any) error {
	if reflect.Indirect(reflect.ValueOf(value)).Kind() != reflect.Struct {
		return nil
	}
	err := fieldNames.Struct(value)
	var wrong validator.ValidationErrors
	if err == nil || !errors.As(err, &wrong) {
		return err
	}
	p := NewProblem(http.StatusBadRequest, "the request is not valid")
	for _, e := range wrong {
		p.Errors = append(p.Errors, FieldError{Field: fieldPath(e.Namespace()), Message: describe(e)})
	}
	return p
}

// inlined marks an embedded struct, whose fields stand in the object around it.
const inlined = "~"

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
	case "oneof":
		return "must be one of " + strings.Join(strings.Fields(e.Param()), ", ")
	case "min", "gte":
		return "must be at least " + e.Param() + unit(e.Kind())
	case "max", "lte":
		return "must be at most " + e.Param() + unit(e.Kind())
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
