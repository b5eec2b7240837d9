package hsadmintest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

func newClient(t *testing.T, backend *hsadmintest.Backend, attempts int) *hsadmin.Client {
	t.Helper()
	server, err := hsadmintest.Serve(backend)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	credentials, err := server.WriteClient(t.TempDir(), "rsadaptor")
	require.NoError(t, err)
	client, err := hsadmin.New(hsadmin.Config{
		BaseURL: server.URL, Credentials: credentials, AttemptTimeout: 300 * time.Millisecond,
		Retry: hsadmin.RetryConfig{MaxAttempts: attempts, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond, MaxRetryAfter: time.Millisecond},
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// connect makes sure that the next attempt does not have to open a connection.
func connect(t *testing.T, backend *hsadmintest.Backend, client *hsadmin.Client) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := client.Status(t.Context())
		return err == nil
	}, 30*time.Second, time.Millisecond)
	backend.ResetCalls()
}

func putDevice(ctx context.Context, client *hsadmin.Client) error {
	_, err := client.Send(ctx, hsadmin.Request{Method: http.MethodPut, Path: "/devices/dev-1", Body: deviceJSON})
	return err
}

func TestFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		fault  hsadmintest.Fault
		want   error
		status int
	}{
		"status":   {hsadmintest.Fault{Status: 503}, hsadmin.ErrUnavailable, 503},
		"throttle": {hsadmintest.Fault{Status: 429, RetryAfter: 1500 * time.Millisecond}, hsadmin.ErrThrottled, 429},
		"reset":    {hsadmintest.Fault{Reset: true}, hsadmin.ErrUnavailable, 0},
		"hang":     {hsadmintest.Fault{Hang: true}, context.DeadlineExceeded, 0},
		"truncate": {hsadmintest.Fault{Truncate: true}, hsadmin.ErrUnavailable, 200},
		"latency":  {hsadmintest.Fault{Latency: time.Hour}, context.DeadlineExceeded, 0},
	} {
		for _, afterEffect := range []bool{false, true} {
			if afterEffect && tc.fault.Latency > 0 {
				continue // latency alone loses no answer
			}
			t.Run(fmt.Sprintf("%s, after effect %t", name, afterEffect), func(t *testing.T) {
				backend := hsadmintest.New(hsadmintest.Options{})
				client := newClient(t, backend, 1)
				connect(t, backend, client)
				tc.fault.AfterEffect = afterEffect
				backend.Inject(hsadmintest.Rule{Times: 1, Fault: tc.fault})

				err := putDevice(t.Context(), client)

				require.ErrorIs(t, err, tc.want)
				require.Eventually(t, func() bool { return backend.CallCount() == 1 }, 30*time.Second, time.Millisecond)
				assert.Equal(t, tc.status, backend.Calls()[0].Status)
				assert.Equal(t, tc.fault.String(), backend.Calls()[0].Fault)
				_, stored := backend.Document("devices", "dev-1")
				assert.Equal(t, afterEffect, stored)
				require.NoError(t, putDevice(t.Context(), client), "the rule has ended")
			})
		}
	}
}

func TestALostAnswerOfAPostCreatesOnce(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{})
	client := newClient(t, backend, 4)
	for _, fault := range []hsadmintest.Fault{{Reset: true}, {Truncate: true}, {Status: 503}} {
		fault.AfterEffect = true
		backend.Inject(hsadmintest.Rule{Operation: "POST /devices", Times: 1, Fault: fault})
	}

	resp, err := client.Send(t.Context(), hsadmin.Request{Method: http.MethodPost, Path: "/devices", Body: deviceJSON})

	require.NoError(t, err, "the key turns what would be a conflict into the first answer")
	assert.Equal(t, http.StatusCreated, resp.Status)
	assert.Equal(t, 4, resp.Attempts)
}

func TestRulesMatchByWhatTheyName(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{})
	backend.Inject(hsadmintest.Rule{Operation: "PUT /devices/{device_id}", Fault: hsadmintest.Fault{Status: 500}})
	remove := backend.Inject(hsadmintest.Rule{Method: "GET", When: func(r *http.Request) bool { return r.Header.Get("X-Bad") != "" }, Fault: hsadmintest.Fault{Status: 502}})

	assert.Equal(t, 200, call(backend, "GET", "/status", "").Code)
	assert.Equal(t, 502, call(backend, "GET", "/status", "", "X-Bad", "1").Code)
	assert.Equal(t, 500, call(backend, "PUT", "/devices/dev-1", deviceJSON).Code)
	remove()
	assert.Equal(t, 200, call(backend, "GET", "/status", "", "X-Bad", "1").Code)
	backend.Heal()
	assert.Equal(t, 204, call(backend, "PUT", "/devices/dev-1", deviceJSON).Code)
}

func TestChanceIsTheSameForTheSameSeed(t *testing.T) {
	run := func(seed uint64) (codes []int) {
		backend := hsadmintest.New(hsadmintest.Options{Seed: seed})
		backend.Inject(hsadmintest.Rule{Probability: 0.3, Fault: hsadmintest.Fault{Status: 503}})
		for range 200 {
			codes = append(codes, call(backend, "GET", "/status", "").Code)
		}
		return codes
	}
	first, again := run(1), run(1)
	assert.Equal(t, first, again)
	assert.NotEqual(t, run(1), run(2))
	failed := 0
	for _, code := range run(1) {
		if code == 503 {
			failed++
		}
	}
	assert.InDelta(t, 60, failed, 25)
}

func TestThrottleLetsABurstThrough(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{})
	backend.Throttle(0.001, 3)
	for range 3 {
		assert.Equal(t, 200, call(backend, "GET", "/status", "").Code)
	}
	answer := call(backend, "GET", "/status", "")
	assert.Equal(t, 429, answer.Code)
	assert.Equal(t, "1", answer.Header().Get("Retry-After"))
	backend.Throttle(0, 0)
	assert.Equal(t, 200, call(backend, "GET", "/status", "").Code)
}

// fakeTB records what a test would say.
type fakeTB struct {
	said    []string
	cleanup func()
}

func (*fakeTB) Helper()                          {}
func (f *fakeTB) Errorf(format string, a ...any) { f.said = append(f.said, fmt.Sprintf(format, a...)) }
func (f *fakeTB) Cleanup(cleanup func())         { f.cleanup = cleanup }

func TestExpectFailsTheTestOnOtherCalls(t *testing.T) {
	backend, tb := hsadmintest.New(hsadmintest.Options{}), &fakeTB{}
	backend.Expect(tb, "GET /status")
	call(backend, "GET", "/status", "")
	assert.Empty(t, tb.said)

	call(backend, "DELETE", "/devices/dev-1", "")
	call(backend, "GET", "/devices", "")
	assert.Equal(t, []string{
		"hsadmintest: unexpected call DELETE /devices/dev-1, answered 404",
		"hsadmintest: unexpected call GET /devices, answered 404",
	}, tb.said)

	tb.cleanup()
	call(backend, "DELETE", "/devices/dev-1", "")
	assert.Len(t, tb.said, 2)
}
