package wire_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	customconfig "github.com/hexplane/hexplane/services/customconfig/wire"
	"github.com/hexplane/hexplane/services/gatewayisp/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key1, key2 = "key-one-0123456789", "key-two-0123456789"

func config(keys, upstream string) wire.Config {
	return wire.Config{
		APIKeys:     service.Secret(keys),
		AccountsURL: upstream, CustomConfigURL: upstream, RSClientURL: upstream, RSAgentsURL: upstream, RSSyncURL: upstream,
	}
}

func call(t *testing.T, method, url, key, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Close = true
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	data, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode, string(data)
}

func TestGatewayBeforeARealService(t *testing.T) {
	house := servicetest.New(t)
	backend, err := customconfig.New(t.Context(), house.Platform("customconfig"), customconfig.Config{})
	require.NoError(t, err)
	gateway, err := wire.New(t.Context(), house.Platform("gatewayisp"),
		config("isp-1="+key1+", isp-2="+key2, house.Run(backend).URL))
	require.NoError(t, err)
	url := house.Run(gateway).URL

	status, _ := call(t, http.MethodPut, url+"/configuration", key1, `{"max_inactive_days":9}`)
	assert.Equal(t, http.StatusOK, status)
	_, body := call(t, http.MethodGet, url+"/configuration", key1, "")
	assert.JSONEq(t, `{"max_inactive_days":9}`, body)
	_, body = call(t, http.MethodGet, url+"/configuration", key2, "")
	assert.JSONEq(t, `{}`, body)
	status, body = call(t, http.MethodPut, url+"/configuration", key1, `{"max_inactive_days":"x"}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, body, `"field":"max_inactive_days"`)

	status, body = call(t, http.MethodGet, url+"/openapi.yaml", "", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "/subsystems/rs/full-sync")
	status, body = call(t, http.MethodGet, url+"/openapi/customconfig.yaml", "", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "title: customconfig")
}

func TestKeysStayWhenNoneAreGiven(t *testing.T) {
	house := servicetest.New(t)
	upstream := "http://127.0.0.1:1"
	_, err := wire.New(t.Context(), house.Platform("gatewayisp"), config("isp-1="+key1, upstream))
	require.NoError(t, err)
	gateway, err := wire.New(t.Context(), house.Platform("gatewayisp"), config("", upstream))
	require.NoError(t, err)
	status, _ := call(t, http.MethodGet, house.Run(gateway).URL+"/configuration", key1, "")
	assert.Equal(t, http.StatusBadGateway, status, "the key is known")
}

func TestWrongConfiguration(t *testing.T) {
	house := servicetest.New(t)
	good := "http://127.0.0.1:1"
	for name, tt := range map[string]struct{ keys, upstream, want string }{
		"no pair":   {"isp-1", good, "entry 1 is not isp_id=key"},
		"no isp":    {"=" + key1, good, "entry 1 is not isp_id=key"},
		"short key": {"isp-1=short", good, "at least 16 characters"},
		"one key":   {"isp-1=" + key1 + ",isp-2=" + key1, good, "the same key"},
		"upstream":  {"isp-1=" + key1, "127.0.0.1:8081", "is not the URL"},
	} {
		_, err := wire.New(t.Context(), house.Platform("gatewayisp"), config(tt.keys, tt.upstream))
		require.ErrorContains(t, err, tt.want, name)
		assert.NotContains(t, err.Error(), key1, "keys are not told")
	}
}
