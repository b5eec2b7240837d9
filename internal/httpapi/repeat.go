package httpapi

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"
)

const repeatKey = "Idempotency-Key"

// RepeatKey returns the request's idempotency key, empty when it has none. A request
// with a key may be a repetition: the gateway answers one itself if it can, but not
// when the first answer never reached it.
func RepeatKey(r *http.Request) string { return r.Header.Get(repeatKey) }

// NewID returns an id for what the request creates. That of a request with an
// idempotency key follows from the key, so that a repetition gets the same id.
func NewID(r *http.Request) (string, error) {
	if key := RepeatKey(r); key != "" {
		name := ISP(r) + "\x00" + r.URL.Path + "\x00" + key
		return uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String(), nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("httpapi: new id: %w", err)
	}
	return id.String(), nil
}
