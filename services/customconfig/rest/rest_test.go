package rest_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/internal/httpapi/httpapitest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/customconfig/rest"
	"github.com/hexplane/hexplane/services/customconfig/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newAPI(t *testing.T) (http.Handler, *docstore.Store, *docstoretest.Recorder) {
	bus := &docstoretest.Recorder{}
	store := docstore.New(docstoretest.NewMemory(), bus, docstore.Config{})
	app := usecase.NewConfigurations(docstore.NewCollection[rsevent.ISPConfiguration](store, "configurations"))
	return httpapitest.Conform(t, rest.OpenAPI, rest.New(slog.New(slog.DiscardHandler), app)), store, bus
}

func TestPutPublishesCreatedThenUpdated(t *testing.T) {
	api, store, bus := newAPI(t)
	res := httpapitest.Call(t, api, "GET /configuration", "isp-1", "")
	assert.Equal(t, http.StatusOK, res.Status)
	assert.JSONEq(t, `{}`, res.Body, "never put means empty")

	body := `{"services":{"threat_protection":{"enabled":true,"blocking_page_url":"https://isp.example/b"}},"max_inactive_days":30}`
	for range 2 { // the second time it is the same: nothing happens
		res = httpapitest.Call(t, api, "PUT /configuration", "isp-1", body)
		require.Equal(t, http.StatusOK, res.Status, res.Body)
		assert.JSONEq(t, body, res.Body)
	}
	res = httpapitest.Call(t, api, "PUT /configuration", "isp-1", `{"max_inactive_days":31}`)
	require.Equal(t, http.StatusOK, res.Status)
	assert.JSONEq(t, `{"max_inactive_days":31}`, httpapitest.Call(t, api, "GET /configuration", "isp-1", "").Body)

	require.NoError(t, store.Flush(t.Context()))
	require.Equal(t, []string{
		rsevent.TypeISPGlobalConfigurationsCreated, rsevent.TypeISPGlobalConfigurationsUpdated,
	}, bus.Types())
	first := bus.Messages()[0]
	assert.Equal(t, rsevent.TopicConfiguration, first.Topic)
	assert.Equal(t, "isp-1", first.Key)
	assert.JSONEq(t, `{"isp_id":"isp-1","configuration":`+body+`}`, string(first.Payload))
}

func TestProvidersDoNotSeeEachOther(t *testing.T) {
	api, _, _ := newAPI(t)
	require.Equal(t, http.StatusOK, httpapitest.Call(t, api, "PUT /configuration", "isp-1", `{"max_inactive_days":30}`).Status)
	assert.JSONEq(t, `{}`, httpapitest.Call(t, api, "GET /configuration", "isp-2", "").Body)
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		isp, target, body string
		status            int
		fields            []string
	}{
		"no provider":   {"", "GET /configuration", "", http.StatusUnauthorized, nil},
		"unknown field": {"i", "PUT /configuration", `{"color":1}`, http.StatusBadRequest, []string{"color"}},
		"unknown nested field": {
			"i", "PUT /configuration", `{"services":{"threat_protection":{"on":true}}}`,
			http.StatusBadRequest,
			[]string{"services.threat_protection.on"},
		},
		"wrong type":   {"i", "PUT /configuration", `{"max_inactive_days":"x"}`, http.StatusBadRequest, []string{"max_inactive_days"}},
		"out of range": {"i", "PUT /configuration", `{"max_inactive_days":0}`, http.StatusBadRequest, []string{"max_inactive_days"}},
		"not a URL": {
			"i", "PUT /configuration", `{"services":{"content_filtering":{"blocking_page_url":"ftp:x"}}}`,
			http.StatusBadRequest,
			[]string{"services.content_filtering.blocking_page_url"},
		},
		"null":       {"i", "PUT /configuration", `null`, http.StatusBadRequest, []string{""}},
		"empty":      {"i", "PUT /configuration", ``, http.StatusBadRequest, nil},
		"no JSON":    {"i", "PUT /configuration", `{`, http.StatusBadRequest, nil},
		"no route":   {"i", "GET /nothing", ``, http.StatusNotFound, nil},
		"bad method": {"i", "DELETE /configuration", ``, http.StatusMethodNotAllowed, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			api, store, bus := newAPI(t)
			res := httpapitest.Call(t, api, tt.target, tt.isp, tt.body)
			assert.Equal(t, tt.status, res.Status, res.Body)
			assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
			assert.Equal(t, tt.fields, res.Fields(t))
			require.NoError(t, store.Flush(t.Context()))
			assert.Empty(t, bus.Messages())
		})
	}
}
