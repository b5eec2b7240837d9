package hsadmin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// What an [Error] can match with errors.Is.
var (
	// ErrNotFound: 404 or 410.
	ErrNotFound = errors.New("hsadmin: not found")
	// ErrConflict: 409 or 412; what a POST would create exists.
	ErrConflict = errors.New("hsadmin: conflict")
	// ErrInvalid: 400, 413, 415 or 422; also a document that cannot be sent.
	ErrInvalid = errors.New("hsadmin: invalid")
	// ErrUnauthorized: 401 or 403; also a TLS handshake that either side refuses.
	ErrUnauthorized = errors.New("hsadmin: unauthorized")
	// ErrThrottled: 429.
	ErrThrottled = errors.New("hsadmin: throttled")
	// ErrUnavailable: 5xx, no connection, no complete answer in time, or an open
	// circuit breaker.
	ErrUnavailable = errors.New("hsadmin: unavailable")
)

// FieldError is one field that the backend refused.
type FieldError struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Error is a call that did not succeed. It matches at most one of the sentinels
// by its status, and unwraps to the cause when no answer came, such as
// context.Canceled. Neither it nor its log value holds a body or a credential.
type Error struct {
	// Operation is the request's.
	Operation string
	// Status is the HTTP status of the last answer, 0 when none came.
	Status int
	// Code and Message are the backend's.
	Code, Message string
	// Fields are what the backend refused.
	Fields []FieldError
	// RequestID is the X-Request-Id of the last answer.
	RequestID string
	// Attempts is how many attempts were made, those included that the circuit
	// breaker turned away.
	Attempts int
	// RetryAfter is what the backend asked for, 0 when it did not.
	RetryAfter time.Duration
	// Err is the cause when no answer came, or why waiting to retry ended.
	Err error

	kind error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "hsadmin: %s", e.Operation)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": %d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Code != "" {
		fmt.Fprintf(&b, ": %s", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, ": %s %s", f.Path, f.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (%d attempts)", e.Attempts)
	}
	return b.String()
}

// Is makes errors.Is match the sentinel of the error's kind.
func (e *Error) Is(target error) bool { return e.kind != nil && target == e.kind }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// LogValue is everything that may be logged.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("operation", e.Operation), slog.Int("attempts", e.Attempts)}
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status), slog.String("request_id", e.RequestID))
	}
	if e.Code != "" {
		attrs = append(attrs, slog.String("code", e.Code), slog.String("message", e.Message))
	}
	if len(e.Fields) > 0 {
		attrs = append(attrs, slog.Any("fields", e.Fields))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("cause", e.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// kindOf is the sentinel of a status, nil for those that fit none.
func kindOf(status int) error {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return ErrNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return ErrConflict
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return ErrInvalid
	case http.StatusUnauthorized, http.StatusForbidden:
		return ErrUnauthorized
	case http.StatusTooManyRequests:
		return ErrThrottled
	}
	if status >= http.StatusInternalServerError {
		return ErrUnavailable
	}
	return nil
}
