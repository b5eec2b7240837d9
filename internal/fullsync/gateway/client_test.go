package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/fullsync/gateway"
	"github.com/hexplane/hexplane/internal/fullsync/input"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// asked is one request that a door was asked.
type asked struct {
	method, path, key, idempotency, body string
}

// door answers with one status after the other, the last one for ever.
type door struct {
	mu       sync.Mutex
	asked    []asked
	statuses []int
	header   http.Header
	body     string
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a test's own request
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, asked{
		r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key"), string(body),
	})
	status := d.statuses[min(len(d.asked), len(d.statuses))-1]
	maps.Copy(w.Header(), d.header)
	if status == 0 {
		panic(http.ErrAbortHandler) // the connection is cut
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, d.body)
}

func serve(t *testing.T, d *door) *gateway.Client {
	t.Helper()
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	return &gateway.Client{BaseURL: server.URL, Key: "secret", HTTP: server.Client(), Patience: 10 * time.Second}
}

func TestBusyAndLostCallsAreRepeated(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, 0} {
		d := &door{statuses: []int{status, status, 204}, header: http.Header{"Retry-After": {"1"}}}
		client := serve(t, d)
		_, err := client.Do(t.Context(), http.MethodPost, "/full-sync", nil, nil)
		require.NoError(t, err, "%d", status)
		require.Len(t, d.asked, 3)
		assert.Equal(t, "Bearer secret", d.asked[0].key)
		assert.NotEmpty(t, d.asked[0].idempotency)
		assert.Equal(t, d.asked[0].idempotency, d.asked[2].idempotency, "it is the same request")
	}
}

func TestRefusalsAreNotRepeated(t *testing.T) {
	d := &door{statuses: []int{422}, body: `{"title":"Unprocessable Entity","status":422,"detail":"no good","errors":[{"field":"mac","message":"is not one"}]}`}
	_, err := serve(t, d).Do(t.Context(), http.MethodPost, "/accounts", map[string]int{"a": 1}, nil)
	assert.EqualError(t, err, "POST /accounts: 422 Unprocessable Entity: no good; mac is not one")
	assert.Equal(t, 422, gateway.StatusOf(err))
	assert.Len(t, d.asked, 1)
	assert.Empty(t, d.asked[0].idempotency, "its id tells a repetition")
}

func TestPatienceEnds(t *testing.T) {
	d := &door{statuses: []int{503}}
	client := serve(t, d)
	client.Patience = time.Millisecond
	_, err := client.Do(t.Context(), http.MethodGet, "/accounts", nil, nil)
	assert.Equal(t, 503, gateway.StatusOf(err))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client.Patience = time.Hour
	_, err = client.Do(ctx, http.MethodGet, "/accounts", nil, nil)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestAnswersAreDecoded(t *testing.T) {
	d := &door{statuses: []int{200}, body: `{"job_id":"j","state":"running","levels":[{"service":"rsclient","total":3,"ok":1}],"finished_at":"2026-01-02T03:04:05Z"}`}
	client := serve(t, d)
	job, err := client.Job(t.Context(), "SyncAll_a/b")
	require.NoError(t, err)
	assert.False(t, job.Ended())
	assert.Equal(t, []gateway.Level{{Service: "rsclient", Total: 3, OK: 1}}, job.Levels)
	assert.Equal(t, "/subsystems/rs/jobs/SyncAll_a%2Fb", d.asked[0].path)

	d.body = `{`
	_, err = client.Job(t.Context(), "j")
	assert.ErrorContains(t, err, "answer")
}

func TestFullSyncTellsWhereTheJobIs(t *testing.T) {
	d := &door{statuses: []int{204}, header: http.Header{"Location": {"/subsystems/rs/jobs/j1"}}}
	location, err := serve(t, d).FullSync(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "/subsystems/rs/jobs/j1", location)
}

func TestAHouseholdIsSentInOrderAndTakesWhatIsThere(t *testing.T) {
	d := &door{statuses: []int{409, 201}, body: `{}`}
	household := &input.Household{
		Account: input.Account{AccountID: "a1"}, Users: []input.User{{UserID: "u1"}},
		Devices: []input.Device{{DeviceID: "d1"}, {DeviceID: "d2"}},
	}
	require.NoError(t, serve(t, d).Household(t.Context(), household))
	var paths []string
	for _, call := range d.asked {
		paths = append(paths, call.method+" "+call.path)
	}
	assert.Equal(t, []string{"POST /accounts", "POST /accounts/a1/users", "POST /accounts/a1/devices", "POST /accounts/a1/devices"}, paths)
}

func TestAProviderLeavesOutWhatItNeverSet(t *testing.T) {
	d := &door{statuses: []int{200}, body: `{"created_at":"2026-01-02T03:04:05Z"}`}
	client := serve(t, d)
	p := &input.Provider{ISPID: "north", LANProtection: json.RawMessage(`{"a":1}`), AgentPackages: []input.AgentPackage{{AgentPackageID: "p1"}}}
	require.NoError(t, client.Provider(t.Context(), p))
	var paths []string
	for _, call := range d.asked {
		paths = append(paths, call.method+" "+call.path)
	}
	assert.Equal(t, []string{"PUT /configuration", "PUT /router-protection", "PUT /lan-protection", "POST /router_agent_packages"}, paths)

	times, err := client.CreatedAt(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"p1": "2026-01-02T03:04:05Z"}, times)
	require.NoError(t, client.Associate(t.Context(), "p1", []string{"d1"}))
	assert.JSONEq(t, `{"device_ids":["d1"]}`, d.asked[len(d.asked)-1].body)
}
