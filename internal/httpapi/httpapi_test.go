package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/httpapi/httpapitest"
	"github.com/hexplane/hexplane/internal/input"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func problem(t *testing.T, res httpapitest.Response) httpapi.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
	var p httpapi.Problem
	require.NoError(t, json.Unmarshal([]byte(res.Body), &p))
	require.Equal(t, res.Status, p.Status)
	require.Equal(t, "about:blank", p.Type)
	return p
}

func TestErrorsBecomeProblems(t *testing.T) {
	tests := map[string]struct {
		err    error
		status int
		detail string
	}{
		"own":       {httpapi.NewProblem(http.StatusTeapot, "short and stout"), http.StatusTeapot, "short and stout"},
		"wrapped":   {fmt.Errorf("ctx: %w", httpapi.NewProblem(http.StatusGone, "x")), http.StatusGone, "x"},
		"input":     {fmt.Errorf("ctx: %w", input.Invalid("a.b", "is bad")), http.StatusBadRequest, "the request is not valid"},
		"not found": {fmt.Errorf("%w: account 7", docstore.ErrNotFound), http.StatusNotFound, "there is no such resource"},
		"exists":    {docstore.ErrExists, http.StatusConflict, "the id is already taken"},
		"conflict":  {docstore.ErrConflict, http.StatusConflict, "the resource was changed meanwhile"},
		"other":     {errors.New("password is 1234"), http.StatusInternalServerError, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var logs bytes.Buffer
			api := httpapi.New(slog.New(slog.NewTextHandler(&logs, nil)))
			api.Handle("GET /x/{id}", func(http.ResponseWriter, *http.Request) error { return tt.err })
			p := problem(t, httpapitest.Call(t, api, "GET /x/1", "isp", ""))
			assert.Equal(t, tt.status, p.Status)
			assert.Equal(t, tt.detail, p.Detail)
			assert.Equal(t, tt.status == http.StatusInternalServerError, strings.Contains(logs.String(), "1234"),
				"details are for the log alone")
		})
	}
}

func TestRouting(t *testing.T) {
	api := httpapi.New(slog.New(slog.DiscardHandler))
	api.Document([]byte("openapi: 3.0.3\n"))
	api.Handle("GET /x", func(w http.ResponseWriter, r *http.Request) error {
		return httpapi.JSON(w, http.StatusOK, map[string]string{"isp": httpapi.ISP(r)})
	})
	api.Handle("DELETE /x", func(w http.ResponseWriter, _ *http.Request) error { return httpapi.NoContent(w) })
	api.HandleAny("POST /x", func(w http.ResponseWriter, _ *http.Request) error {
		return httpapi.Created(w, "/x/1", struct{}{})
	})
	res := httpapitest.Call(t, api, "GET /x", "isp-1", "")
	assert.JSONEq(t, `{"isp":"isp-1"}`, res.Body)
	assert.Equal(t, http.StatusNoContent, httpapitest.Call(t, api, "DELETE /x", "i", "").Status)
	res = httpapitest.Call(t, api, "POST /x", "", "")
	assert.Equal(t, http.StatusCreated, res.Status)
	assert.Equal(t, "/x/1", res.Header.Get("Location"))
	assert.Equal(t, "openapi: 3.0.3\n", httpapitest.Call(t, api, "GET /openapi.yaml", "", "").Body)

	assert.Equal(t, http.StatusUnauthorized, problem(t, httpapitest.Call(t, api, "GET /x", "", "")).Status)
	assert.Equal(t, http.StatusNotFound, problem(t, httpapitest.Call(t, api, "GET /y", "i", "")).Status)
	res = httpapitest.Call(t, api, "PATCH /x", "i", "")
	assert.Equal(t, http.StatusMethodNotAllowed, problem(t, res).Status)
	assert.Equal(t, "DELETE, GET, HEAD, POST", res.Header.Get("Allow"))
	res = httpapitest.Call(t, api, "GET //x", "i", "")
	assert.Equal(t, "/x", res.Header.Get("Location"), "the path is cleaned")
}

func TestDecodeLimitsTheBody(t *testing.T) {
	type doc struct {
		Text string `json:"text"`
	}
	api := httpapi.New(slog.New(slog.DiscardHandler))
	api.Handle("PUT /x", func(w http.ResponseWriter, r *http.Request) error {
		if _, err := httpapi.Decode[doc](r); err != nil {
			return err
		}
		return httpapi.NoContent(w)
	})
	fits := strings.Repeat("x", httpapi.MaxBody-len(`{"text":""}`))
	assert.Equal(t, http.StatusNoContent, httpapitest.Call(t, api, "PUT /x", "i", `{"text":"`+fits+`"}`).Status)
	res := httpapitest.Call(t, api, "PUT /x", "i", `{"text":"x`+fits+`"}`)
	assert.Equal(t, http.StatusRequestEntityTooLarge, problem(t, res).Status)
	res = httpapitest.Call(t, api, "PUT /x", "i", `{"test":1}`)
	assert.Equal(t, []string{"test"}, res.Fields(t))
}

func TestAClientThatWentAwayIsNotOurError(t *testing.T) {
	var logs bytes.Buffer
	api := httpapi.New(slog.New(slog.NewTextHandler(&logs, nil)))
	api.HandleAny("GET /x", func(_ http.ResponseWriter, r *http.Request) error { return r.Context().Err() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	api.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil).WithContext(ctx))
	assert.Empty(t, logs.String())
}

// TestPagesPutTogetherAreTheList: whatever the limit, following the cursors yields
// every item once and in order.
func TestPagesPutTogetherAreTheList(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		total := rapid.IntRange(0, 20).Draw(rt, "total")
		limit := rapid.IntRange(1, 7).Draw(rt, "limit")
		var got []int
		after := ""
		for range total + 1 {
			r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/x?limit=%d&after=%s", limit, after), nil)
			page, err := httpapi.PageOf(r)
			require.NoError(rt, err)
			start := 0
			if page.After != "" {
				_, err := fmt.Sscanf(page.After, "id-%d/ü", &start)
				require.NoError(rt, err)
				start++
			}
			var items []int
			for i := start; i < total && len(items) <= page.Limit; i++ {
				items = append(items, i)
			}
			list := httpapi.NewList(items, page, func(i int) string { return fmt.Sprintf("id-%d/ü", i) })
			require.LessOrEqual(rt, len(list.Items), limit)
			require.NotNil(rt, list.Items)
			got = append(got, list.Items...)
			if after = list.Next; after == "" {
				break
			}
		}
		require.Empty(rt, after)
		require.Len(rt, got, total)
		for i, v := range got {
			require.Equal(rt, i, v)
		}
	})
}

func TestPageRefusals(t *testing.T) {
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=501": "limit", "limit=x": "limit", "limit=-1": "limit", "after=*": "after",
		"after=_w": "after", "after=AA": "after",
	} {
		_, err := httpapi.PageOf(httptest.NewRequest(http.MethodGet, "/x?"+query, nil))
		var wrong *input.Error
		require.ErrorAs(t, err, &wrong, query)
		assert.Equal(t, field, wrong.Fields[0].Field)
	}
	page, err := httpapi.PageOf(httptest.NewRequest(http.MethodGet, "/x", nil))
	require.NoError(t, err)
	assert.Equal(t, httpapi.Page{Limit: httpapi.DefaultLimit}, page)
}

func TestAdmin(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "things_total", Help: "Things."}))
	var notReady error
	admin := httpapi.Admin(registry, func() error { return notReady })
	assert.Equal(t, http.StatusOK, httpapitest.Call(t, admin, "GET /livez", "", "").Status)
	assert.Equal(t, http.StatusOK, httpapitest.Call(t, admin, "GET /readyz", "", "").Status)
	assert.Contains(t, httpapitest.Call(t, admin, "GET /metrics", "", "").Body, "things_total 0")
	notReady = errors.New("starting")
	assert.Equal(t, "starting", problem(t, httpapitest.Call(t, admin, "GET /readyz", "", "")).Detail)
	assert.Equal(t, http.StatusOK, httpapitest.Call(t, admin, "GET /livez", "", "").Status)
}
