package hsadmin

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzParseRetryAfter(f *testing.F) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, value := range []string{"", "3", "-1", "1e3", "99999999999", "Thu, 01 Jan 2026 00:00:07 GMT", "Thursday, 01-Jan-26 00:00:07 GMT", "soon"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		require.GreaterOrEqual(t, parseRetryAfter(value, now), time.Duration(0))
	})
}

// FuzzRefusal decodes arbitrary answers: no panic, and always an error that says
// the status and can be logged.
func FuzzRefusal(f *testing.F) {
	f.Add(422, []byte(`{"code":"invalid_document","message":"m","fields":[{"path":"device.mac","message":"mac48"}]}`), "", "hs-1")
	f.Add(503, []byte(`<html>`), "5", "")
	f.Add(-7, []byte(`{"code":7}`), "\xff", "\x00")
	f.Fuzz(func(t *testing.T, status int, body []byte, retryAfter, requestID string) {
		failure := refusal(&Request{Method: http.MethodPut}, answer{status, body, requestID, retryAfter})
		require.NotEmpty(t, failure.Error())
		require.NotEmpty(t, failure.LogValue().Group())
		matched := 0
		for _, kind := range []error{ErrNotFound, ErrConflict, ErrInvalid, ErrUnauthorized, ErrThrottled, ErrUnavailable} {
			if errors.Is(failure, kind) {
				matched++
			}
		}
		require.LessOrEqual(t, matched, 1)
	})
}
