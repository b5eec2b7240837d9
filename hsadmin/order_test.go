package hsadmin_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
)

// The order of the decorators shows in what one sees of another.

func TestWaitingForTheRateIsNotTheAttemptsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: always(204)}
		client := fakeClient(t, fake, hsadmin.Config{RateLimit: 0.2, AttemptTimeout: time.Second})
		require.NoError(t, put(t.Context(), client))
		require.NoError(t, put(t.Context(), client), "it waited 5 s for its turn")
	})
}

func TestWaitingForTheRateIsTheCallsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: always(204)}
		client := fakeClient(t, fake, hsadmin.Config{RateLimit: 0.2, Timeout: time.Second})
		require.NoError(t, put(t.Context(), client))
		require.ErrorIs(t, put(t.Context(), client), hsadmin.ErrThrottled)
		assert.Len(t, fake.requests(), 1)
	})
}

func TestEveryAttemptWaitsForTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: inTurn(503, 503, 204)}
		client := fakeClient(t, fake, hsadmin.Config{RateLimit: 1, Retry: hsadmin.RetryConfig{BaseDelay: 1, MaxDelay: 1}})
		start := time.Now()
		require.NoError(t, put(t.Context(), client))
		assert.InDelta(t, 2*time.Second, time.Since(start), float64(virtualTolerance))
	})
}

func TestHooksHearOnlyOfAttemptsThatTheBreakerLetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := &recording{}
		fake := &fakeTransport{answer: func(int, *http.Request) (*http.Response, error) { return nil, errors.New("refused") }}
		client := fakeClient(t, fake, hsadmin.Config{
			Hooks: []any{hook}, Retry: hsadmin.RetryConfig{MaxAttempts: 1}, Breaker: hsadmin.BreakerConfig{MinAttempts: 3},
		})
		for range 10 {
			require.ErrorIs(t, put(t.Context(), client), hsadmin.ErrUnavailable)
		}
		starts, calls := 0, 0
		for _, event := range hook.events {
			switch event {
			case "start PUT /devices/{device_id}":
				starts++
			case "call ":
				calls++
			}
		}
		assert.Equal(t, 3, starts)
		assert.Equal(t, 10, calls)
	})
}

func TestAttemptsThatRanOutOfTimeOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: hang}
		client := fakeClient(t, fake, hsadmin.Config{
			AttemptTimeout: time.Second, Retry: hsadmin.RetryConfig{MaxAttempts: 1}, Breaker: hsadmin.BreakerConfig{MinAttempts: 3, OpenFor: time.Hour},
		})
		for range 10 {
			require.ErrorIs(t, put(t.Context(), client), hsadmin.ErrUnavailable)
		}
		assert.Len(t, fake.requests(), 3)
	})
}
