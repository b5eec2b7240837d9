package rest_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/internal/httpapi/httpapitest"
	"github.com/hexplane/hexplane/services/gatewayisp/rest"
	"github.com/hexplane/hexplane/services/gatewayisp/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key1 = "key-of-isp-1-0123456789"
	key2 = "key-of-isp-2-0123456789"
)

// fixture is a gateway before one service that answers for all.
type fixture struct {
	t        *testing.T
	api      http.Handler
	requests atomic.Int64
	last     atomic.Pointer[http.Request]
	serve    http.HandlerFunc
}

func newFixture(t *testing.T, perSecond int) *fixture {
	f := &fixture{t: t, serve: func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/there")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"got":` + string(body) + `}`))
	}}
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.requests.Add(1)
		f.last.Store(r)
		f.serve(w, r)
	}))
	t.Cleanup(backend.Close)
	f.build(backend.URL, perSecond)
	return f
}

func (f *fixture) build(url string, perSecond int) {
	store := docstore.New(docstoretest.NewMemory(), &docstoretest.Recorder{}, docstore.Config{})
	keys := usecase.NewKeys(store)
	require.NoError(f.t, keys.Replace(f.t.Context(), map[string]string{key1: "isp-1", key2: "isp-2"}))
	transport := &http.Transport{ResponseHeaderTimeout: 200 * time.Millisecond}
	f.t.Cleanup(transport.CloseIdleConnections)
	api, err := rest.New(rest.Config{
		Upstreams: rest.Upstreams{Accounts: url, CustomConfig: url, RSClient: url, RSAgents: url, RSSync: url},
		Keys:      keys, Repeats: usecase.NewRepeats(store, time.Now), Limits: rest.NewLimits(perSecond),
		Transport: transport, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(f.t, err)
	f.api = httpapitest.Conform(f.t, rest.OpenAPI, api)
}

// do makes a request with headers given as name, value pairs.
func (f *fixture) do(target, body string, headers ...string) *http.Response {
	f.t.Helper()
	method, path, _ := strings.Cut(target, " ")
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	f.api.ServeHTTP(rec, req)
	return rec.Result()
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}

func TestForwardsOnBehalfOfTheKeysProvider(t *testing.T) {
	f := newFixture(t, 0)
	res := f.do("POST /accounts", `{"name":"x"}`, "Authorization", "Bearer "+key1,
		"X-ISP-ID", "isp-2", "Connection", "X-ISP-ID", "Cookie", "a=b")
	assert.Equal(t, http.StatusCreated, res.StatusCode)
	assert.Equal(t, "/there", res.Header.Get("Location"))
	assert.JSONEq(t, `{"got":{"name":"x"}}`, text(t, res))
	got := f.last.Load()
	assert.Equal(t, []string{"isp-1"}, got.Header.Values("X-ISP-ID"))
	assert.Empty(t, got.Header.Get("Authorization"), "the key stays here")
	assert.Empty(t, got.Header.Get("Cookie"))
	assert.Equal(t, "/accounts", got.URL.Path)
}

func TestEveryPublicRouteIsForwardedAndDescribed(t *testing.T) {
	f := newFixture(t, 0)
	for _, target := range []string{
		"GET /accounts?limit=3", "GET /accounts/a/users/u", "DELETE /accounts/a/devices/d",
		"GET /accounts/a/devices/d/routersecure", "GET /configuration", "GET /router-protection/dns-allowed-list",
		"GET /lan-protection", "GET /advanced-configuration", "GET /router_agent_packages/p",
		"GET /subsystems/rs/jobs/j", "POST /subsystems/rs/full-sync", "POST /subsystems/rs/jobs/j",
	} {
		f.serve = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{}"))
		}
		res := f.do(target, "", "Authorization", "Bearer "+key1)
		assert.Equal(t, http.StatusOK, res.StatusCode, target)
		_, path, _ := strings.Cut(target, " ")
		assert.Equal(t, path, f.last.Load().URL.RequestURI())
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		target, authorization string
		status                int
	}{
		"no key":            {"GET /accounts/a", "", http.StatusUnauthorized},
		"unknown key":       {"GET /accounts/a", "Bearer nothing-like-a-known-key", http.StatusUnauthorized},
		"no bearer":         {"GET /accounts/a", "Basic " + key1, http.StatusUnauthorized},
		"empty key":         {"GET /accounts/a", "Bearer ", http.StatusUnauthorized},
		"unknown path":      {"GET /nothing", "Bearer " + key1, http.StatusNotFound},
		"internal call":     {"DELETE /router_agent_packages/references/p", "Bearer " + key1, http.StatusNotFound},
		"internal progress": {"GET /jobs/j/progress", "Bearer " + key1, http.StatusNotFound},
		"method":            {"DELETE /configuration", "Bearer " + key1, http.StatusMethodNotAllowed},
		"document":          {"GET /openapi/other.yaml", "", http.StatusNotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 0)
			res := f.do(tt.target, "", "Authorization", tt.authorization)
			assert.Equal(t, tt.status, res.StatusCode)
			assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
			assert.Zero(t, f.requests.Load(), "no service hears of it")
		})
	}
}

func TestBodyIsLimited(t *testing.T) {
	f := newFixture(t, 0)
	large := `{"name":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, key := range []string{"", "k"} {
		res := f.do("POST /accounts", large, "Authorization", "Bearer "+key1, "Idempotency-Key", key)
		assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode, text(t, res))
	}
}

func TestRateIsLimitedPerProvider(t *testing.T) {
	f := newFixture(t, 1)
	statuses := map[int]int{}
	for range 10 {
		statuses[f.do("POST /accounts", "{}", "Authorization", "Bearer "+key1).StatusCode]++
	}
	assert.GreaterOrEqual(t, statuses[http.StatusCreated], 2)
	assert.Positive(t, statuses[http.StatusTooManyRequests])
	res := f.do("POST /accounts", "{}", "Authorization", "Bearer "+key2)
	assert.Equal(t, http.StatusCreated, res.StatusCode, "the other provider is not affected")
}

func TestServiceThatDoesNotAnswer(t *testing.T) {
	f := newFixture(t, 0)
	release := make(chan struct{})
	f.serve = func(http.ResponseWriter, *http.Request) { <-release }
	res := f.do("POST /accounts", "{}", "Authorization", "Bearer "+key1)
	assert.Equal(t, http.StatusGatewayTimeout, res.StatusCode, text(t, res))
	close(release)

	f.build("http://127.0.0.1:1", 0)
	res = f.do("POST /accounts", "{}", "Authorization", "Bearer "+key1)
	assert.Equal(t, http.StatusBadGateway, res.StatusCode)
	assert.Contains(t, text(t, res), "service accounts cannot be reached")
}
