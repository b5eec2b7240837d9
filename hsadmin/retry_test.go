package hsadmin_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
)

func TestWhatIsRetried(t *testing.T) {
	for name, tc := range map[string]struct {
		answer   func(int, *http.Request) (*http.Response, error)
		attempts int
		want     error
	}{
		"429 then done":      {inTurn(429, 204), 2, nil},
		"502, 503, 504":      {inTurn(502, 503, 504, 204), 4, nil},
		"always 503":         {always(503), 6, hsadmin.ErrUnavailable},
		"always 429":         {always(429), 6, hsadmin.ErrThrottled},
		"500 is final":       {always(500), 1, hsadmin.ErrUnavailable},
		"400 is final":       {always(400), 1, hsadmin.ErrInvalid},
		"401 is final":       {always(401), 1, hsadmin.ErrUnauthorized},
		"404 is final":       {always(404), 1, hsadmin.ErrNotFound},
		"409 is final":       {always(409), 1, hsadmin.ErrConflict},
		"redirect is final":  {always(302, "Location", "https://elsewhere.example"), 1, nil},
		"reset":              {func(int, *http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, 6, hsadmin.ErrUnavailable},
		"teapot, of no kind": {always(418), 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := &fakeTransport{answer: tc.answer}
				err := put(t.Context(), fakeClient(t, fake, hsadmin.Config{}))
				assert.Len(t, fake.requests(), tc.attempts)
				if tc.want != nil {
					require.ErrorIs(t, err, tc.want)
				}
				if err != nil {
					assert.Equal(t, tc.attempts, attemptsOf(t, err))
				}
			})
		})
	}
}

func TestAPostKeepsItsKeyOverAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: inTurn(503, 503, 201)}
		client := fakeClient(t, fake, hsadmin.Config{})
		require.NoError(t, client.CreateDevice(t.Context(), deviceDocument(t, "dev-1")))
		require.NoError(t, client.CreateDevice(t.Context(), deviceDocument(t, "dev-2")))

		requests := fake.requests()
		require.Len(t, requests, 4)
		key := requests[0].Header.Get("Idempotency-Key")
		assert.NotEmpty(t, key)
		assert.Equal(t, key, requests[1].Header.Get("Idempotency-Key"))
		assert.Equal(t, key, requests[2].Header.Get("Idempotency-Key"))
		assert.NotEqual(t, key, requests[3].Header.Get("Idempotency-Key"), "each call has a key of its own")
	})
}

func TestEveryAttemptSendsTheWholeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		fake := &fakeTransport{answer: func(n int, req *http.Request) (*http.Response, error) {
			sent, err := io.ReadAll(req.Body)
			bodies = append(bodies, string(sent))
			if err != nil || n < 3 {
				return status(503)
			}
			return status(204)
		}}
		require.NoError(t, put(t.Context(), fakeClient(t, fake, hsadmin.Config{})))
		assert.Equal(t, []string{"{}", "{}", "{}"}, bodies)
	})
}

func TestRetryAfterIsObeyedUpToACap(t *testing.T) {
	for name, tc := range map[string]struct {
		retryAfter func() string
		wait       time.Duration
	}{
		"seconds":        {func() string { return "3" }, 3 * time.Second},
		"a date":         {func() string { return time.Now().Add(4 * time.Second).UTC().Format(http.TimeFormat) }, 4 * time.Second},
		"capped":         {func() string { return "3600" }, 7 * time.Second},
		"a far date":     {func() string { return time.Now().AddDate(1, 0, 0).UTC().Format(http.TimeFormat) }, 7 * time.Second},
		"out of range":   {func() string { return "99999999999999999999" }, 0},
		"negative":       {func() string { return "-5" }, 0},
		"a past date":    {func() string { return "Sat, 01 Jan 1994 00:00:00 GMT" }, 0},
		"no time at all": {func() string { return "soon" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := &fakeTransport{answer: func(n int, _ *http.Request) (*http.Response, error) {
					if n == 1 {
						return status(429, "Retry-After", tc.retryAfter())
					}
					return status(204)
				}}
				client := fakeClient(t, fake, hsadmin.Config{Retry: hsadmin.RetryConfig{MaxRetryAfter: 7 * time.Second, BaseDelay: virtualTolerance}})
				start := time.Now()
				require.NoError(t, put(t.Context(), client))
				assert.InDelta(t, tc.wait, time.Since(start), float64(virtualTolerance), "exact on the fake clock but for the jitter")
			})
		})
	}
}

func TestBackoffIsExponentialWithFullJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 200
		bounds := []int{100, 200, 400, 800, 1000}
		longest := make([]time.Duration, len(bounds))
		for range calls {
			var last time.Time
			var waits []time.Duration
			fake := &fakeTransport{answer: func(n int, _ *http.Request) (*http.Response, error) {
				if n > 1 {
					waits = append(waits, time.Since(last))
				}
				last = time.Now()
				return status(503)
			}}
			client := fakeClient(t, fake, hsadmin.Config{Retry: hsadmin.RetryConfig{MaxDelay: time.Second}})
			require.Error(t, put(t.Context(), client))
			require.Len(t, waits, len(bounds))
			for i, wait := range waits {
				assert.LessOrEqual(t, wait, milliseconds(bounds[i]))
				longest[i] = max(longest[i], wait)
			}
		}
		for i := range bounds {
			assert.Greater(t, longest[i], milliseconds(bounds[i]/2), "jitter spreads over the whole range")
		}
	})
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func TestRetriesOfAllCallsStayWithinTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 500
		fake := &fakeTransport{answer: always(503)}
		client := fakeClient(t, fake, hsadmin.Config{
			Retry: hsadmin.RetryConfig{BudgetRatio: 0.2, BudgetBurst: 10}, Breaker: hsadmin.BreakerConfig{Disabled: true},
		})
		for range calls {
			require.ErrorIs(t, put(t.Context(), client), hsadmin.ErrUnavailable)
		}
		assert.LessOrEqual(t, len(fake.requests()), calls+10+calls/5)
		assert.Greater(t, len(fake.requests()), calls+calls/5-10, "what is earned is spent")
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: always(503, "Retry-After", "15")}
		client := fakeClient(t, fake, hsadmin.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()

		err := put(ctx, client)

		assert.Equal(t, time.Second, time.Since(start))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, hsadmin.ErrUnavailable, "what the backend last said is still there")
		assert.Equal(t, 1, attemptsOf(t, err))
	})
}

func TestAWaitBeyondTheDeadlineIsNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: always(503, "Retry-After", "15")}
		client := fakeClient(t, fake, hsadmin.Config{Timeout: 10 * time.Second})
		start := time.Now()
		require.ErrorIs(t, put(t.Context(), client), hsadmin.ErrUnavailable)
		assert.Zero(t, time.Since(start))
	})
}

func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: hang}
		client := fakeClient(t, fake, hsadmin.Config{Timeout: 25 * time.Second, AttemptTimeout: 10 * time.Second})
		start := time.Now()

		err := put(t.Context(), client)

		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, hsadmin.ErrUnavailable)
		assert.Equal(t, 25*time.Second, time.Since(start))
		assert.Equal(t, 3, attemptsOf(t, err))
	})
}

func TestACancelledCallIsNobodysFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: hang}
		client := fakeClient(t, fake, hsadmin.Config{})
		reason := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(reason) })

		err := put(ctx, client)

		require.Error(t, err)
		require.ErrorIs(t, err, reason)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, hsadmin.ErrUnavailable)
		assert.Len(t, fake.requests(), 1)
	})
}
