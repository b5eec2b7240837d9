package hsadmin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
)

func TestBreakerStopsCallingABackendThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := true
		fake := &fakeTransport{answer: func(int, *http.Request) (*http.Response, error) {
			if away {
				return nil, errors.New("connection refused")
			}
			return status(204)
		}}
		client := fakeClient(t, fake, hsadmin.Config{
			Retry:   hsadmin.RetryConfig{MaxAttempts: 1},
			Breaker: hsadmin.BreakerConfig{MinAttempts: 10, OpenFor: 2 * time.Second},
		})
		for range 50 {
			require.ErrorIs(t, put(t.Context(), client), hsadmin.ErrUnavailable)
		}
		assert.Len(t, fake.requests(), 10, "the breaker opened after enough attempts")

		away = false
		time.Sleep(3 * time.Second) // on the fake clock
		require.NoError(t, put(t.Context(), client))
		require.NoError(t, put(t.Context(), client))
		assert.Len(t, fake.requests(), 12)
	})
}

func TestBreakerBearsRefusalsAndSomeFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: func(n int, _ *http.Request) (*http.Response, error) {
			return status([]int{404, 429, 503, 204}[n%4])
		}}
		client := fakeClient(t, fake, hsadmin.Config{Retry: hsadmin.RetryConfig{MaxAttempts: 1}, Breaker: hsadmin.BreakerConfig{MinAttempts: 4}})
		for range 100 {
			_ = put(t.Context(), client)
		}
		assert.Len(t, fake.requests(), 100)
	})
}

func TestRateLimitSpacesAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: always(204)}
		client := fakeClient(t, fake, hsadmin.Config{RateLimit: 10, RateBurst: 2})
		start := time.Now()
		for range 12 {
			require.NoError(t, put(t.Context(), client))
		}
		assert.Equal(t, time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.ErrorIs(t, put(ctx, client), hsadmin.ErrThrottled, "no slot comes in time")
		assert.Len(t, fake.requests(), 12)
	})
}

// recording is a hook of both kinds.
type recording struct{ events []string }

func (r *recording) AttemptStarted(ctx context.Context, a hsadmin.Attempt) (context.Context, func(int, error)) {
	r.events = append(r.events, "start "+a.Operation)
	a.Header.Set("Traceparent", "00-trace")
	return ctx, func(code int, _ error) { r.events = append(r.events, "end "+http.StatusText(code)) }
}

func (r *recording) CallEnded(_ context.Context, c hsadmin.Call) {
	r.events = append(r.events, "call "+http.StatusText(c.Status))
}

func TestHooksHearOfAttemptsAndCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook, fake := &recording{}, &fakeTransport{answer: inTurn(503, 204)}
		require.NoError(t, put(t.Context(), fakeClient(t, fake, hsadmin.Config{Hooks: []any{hook}})))
		assert.Equal(t, []string{
			"start PUT /devices/{device_id}", "end Service Unavailable",
			"start PUT /devices/{device_id}", "end No Content", "call No Content",
		}, hook.events)
		assert.Equal(t, "00-trace", fake.requests()[1].Header.Get("Traceparent"))
	})
}

func TestLogsAndErrorsCarryNoBodyAndNoCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		fake := &fakeTransport{answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return nil, io.ErrUnexpectedEOF
			}
			return body(422, `{"code":"invalid_document","message":"broken","fields":[{"path":"device.mac","message":"mac48"}],"echo":"hunter2"}`)
		}}
		client := fakeClient(t, fake, hsadmin.Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})

		_, err := client.Send(t.Context(), hsadmin.Request{
			Method: http.MethodPost, Path: "/devices", Body: `{"password":"hunter2"}`, IdempotencyKey: "key-hunter2",
		})

		require.ErrorIs(t, err, hsadmin.ErrInvalid)
		assert.Equal(t, "hsadmin: POST: 422 Unprocessable Entity: invalid_document: broken: device.mac mac48 (2 attempts)", err.Error())
		assert.NotContains(t, log.String(), "hunter2")
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		require.Len(t, lines, 3, "one line per attempt and one for the call")
		assert.Contains(t, lines[2], `msg="HS Admin call"`)
		assert.Contains(t, lines[2], "attempts=2")
		assert.Contains(t, lines[2], "took=")
		assert.Contains(t, lines[2], "error.code=invalid_document")
	})
}

func TestAnErrorAnswerOfAnotherFormHasAStatus(t *testing.T) {
	fake := &fakeTransport{answer: func(int, *http.Request) (*http.Response, error) { return body(403, "<html>no</html>") }}
	err := put(t.Context(), fakeClient(t, fake, hsadmin.Config{}))
	require.ErrorIs(t, err, hsadmin.ErrUnauthorized)
	assert.Equal(t, "hsadmin: PUT /devices/{device_id}: 403 Forbidden", err.Error())
}

func TestAnEndlessAnswerIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: func(int, *http.Request) (*http.Response, error) {
			return body(200, strings.Repeat("x", 2<<20))
		}}
		client := fakeClient(t, fake, hsadmin.Config{Retry: hsadmin.RetryConfig{MaxAttempts: 1}})
		_, err := client.Status(t.Context())
		require.ErrorIs(t, err, hsadmin.ErrUnavailable)
	})
}

func TestPathsAreEscapedAndJoined(t *testing.T) {
	fake := &fakeTransport{answer: always(204)}
	client := fakeClient(t, fake, hsadmin.Config{})
	require.NoError(t, client.DeleteDevice(t.Context(), "a/b c?d"))
	assert.Equal(t, "https://hs.example/isp-1/devices/a%2Fb%20c%3Fd", fake.requests()[0].URL.String())
}
