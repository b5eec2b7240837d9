package management

import (
	"errors"
	"fmt"
	"log/slog"
)

// The kinds of failure. Every error that a [Service] method returns because of
// the request matches exactly one of them with errors.Is; any other error is
// internal, and the outcome of a write is then unknown until it is repeated.
var (
	ErrInvalid         = errors.New("invalid")
	ErrNotFound        = errors.New("not found")
	ErrExists          = errors.New("already exists")
	ErrUnauthenticated = errors.New("unauthenticated")
	ErrDenied          = errors.New("permission denied")
	ErrQuota           = errors.New("quota exceeded")
	ErrPrecondition    = errors.New("precondition failed")
	// ErrUnavailable: a store did not answer. Repeat with the same idempotency
	// key; what was begun is otherwise finished by recovery.
	ErrUnavailable = errors.New("unavailable")
)

// Violation names a field of the request and what is wrong with it.
type Violation struct {
	Field   string
	Message string
}

// Error is a refused request: its kind, a text for the caller, and the fields
// at fault when there are any. It carries no secret.
type Error struct {
	Kind       error
	Message    string
	Violations []Violation
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%v: %s", e.Kind, e.Message) }

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// LogValue implements slog.LogValuer.
func (e *Error) LogValue() slog.Value {
	fields := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		fields[i] = v.Field
	}
	return slog.GroupValue(slog.String("kind", e.Kind.Error()),
		slog.String("message", e.Message), slog.Any("fields", fields))
}

func refuse(kind error, field, format string, args ...any) *Error {
	e := &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
	if field != "" {
		e.Violations = []Violation{{Field: field, Message: e.Message}}
	}
	return e
}

// violations collects what is wrong with a request, to be told all at once.
type violations []Violation

func (v *violations) check(ok bool, field, message string) {
	if !ok {
		*v = append(*v, Violation{Field: field, Message: message})
	}
}

func (v *violations) err() error {
	if len(*v) == 0 {
		return nil
	}
	return &Error{Kind: ErrInvalid, Message: (*v)[0].Field + ": " + (*v)[0].Message, Violations: *v}
}
