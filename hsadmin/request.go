package hsadmin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Request is one call of the HS Admin interface. It is not changed by sending,
// so it may be sent again and from several goroutines.
type Request struct {
	// Method is an HTTP method.
	Method string
	// Path is what follows the base URL, escaped, such as "/devices/dev-1".
	Path string
	// Operation names the call in logs, traces and metrics without naming the
	// document, such as "PUT /devices/{device_id}". Default: Method.
	Operation string
	// Body is JSON, or empty for none. Being a string it can be sent again.
	Body string
	// IdempotencyKey makes a POST safe to repeat. Default: a random key for each
	// POST, kept over its attempts.
	IdempotencyKey string

	// place, when set, is the call's place in a batch.
	place *place
	trail *trail
}

// Response is a successful answer: its status is 2xx.
type Response struct {
	// Status is the HTTP status.
	Status int
	// Body is the whole body, empty for 204. It is never logged.
	Body []byte
	// RequestID is the X-Request-Id of the answer.
	RequestID string
	// Attempts is how many attempts the call took, from 1.
	Attempts int
}

// Decode reads the body as JSON into v.
func (r *Response) Decode(v any) error {
	if err := json.Unmarshal(r.Body, v); err != nil {
		return fmt.Errorf("hsadmin: decode answer %s: %w", r.RequestID, err)
	}
	return nil
}

// Requester sends requests. It is what every decorator takes and is. A nil error
// comes with a response; every other outcome is an error, an *[Error] unless the
// request itself cannot be sent.
type Requester interface {
	Do(ctx context.Context, req *Request) (*Response, error)
}

// RequesterFunc is a function that is a [Requester].
type RequesterFunc func(ctx context.Context, req *Request) (*Response, error)

// Do calls f.
func (f RequesterFunc) Do(ctx context.Context, req *Request) (*Response, error) { return f(ctx, req) }

// trail is what the decorators note about one call as it goes through them.
type trail struct {
	// attempt is the number of the current or last attempt, from 1.
	attempt int
	// header is what hooks add to the current attempt.
	header http.Header
}

// check refuses what HTTP cannot say, so that it is not taken for a failure of
// the connection and tried again.
func (r *Request) check() error {
	if r.Method == "" || strings.ContainsFunc(r.Method, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		return fmt.Errorf("%w: the method must be in capital letters", ErrInvalid)
	}
	if _, err := url.PathUnescape(r.Path); err != nil || !strings.HasPrefix(r.Path, "/") || !isVisible(r.Path) {
		return fmt.Errorf("%w: the path must start with a slash and be escaped", ErrInvalid)
	}
	if !isVisible(r.IdempotencyKey) {
		return fmt.Errorf("%w: the idempotency key must be visible ASCII", ErrInvalid)
	}
	return nil
}

func isVisible(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}

func (r *Request) operation() string {
	if r.Operation == "" {
		return r.Method
	}
	return r.Operation
}
