package hsadmintest_test

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

const deviceJSON = `{"device":{"device_id":"dev-1","account_id":"acc-1","isp_id":"isp-1","mac":"a4:83:e7:00:11:22","hostname":"","name":"TV"},` +
	`"services":{"content_filtering":{"enabled":false,"blocking_page_url":""},"threat_protection":{"enabled":false,"blocking_page_url":""}},"is_iot":false,"act_rules":[]}`

func call(handler http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, req)
	return answer
}

func TestAnswersOfTheInterface(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{})
	for _, tc := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "/status", "", 200, ""},
		{"POST", "/devices", deviceJSON, 201, ""},
		{"POST", "/devices", deviceJSON, 409, "exists"},
		{"PUT", "/devices/dev-1", deviceJSON, 204, ""},
		{"PUT", "/devices/dev-2", deviceJSON, 422, "invalid_document"},
		{"PUT", "/devices/dev-1", "{", 400, "invalid_document"},
		{"PUT", "/routers/rtr-1/feature-flags", `{"wpa3":true}`, 404, "not_found"},
		{"PUT", "/system/general", `{"anything":[1,2]}`, 204, ""},
		{"PUT", "/system/unknown", `{}`, 404, "no_such_call"},
		{"DELETE", "/devices/dev-1", "", 204, ""},
		{"DELETE", "/devices/dev-1", "", 404, "not_found"},
		{"DELETE", "/routers/rtr-1", "", 404, "not_found"},
		{"DELETE", "/agent-packages/pkg-1", "", 404, "not_found"},
		{"PATCH", "/devices/dev-1", "", 404, "no_such_call"},
	} {
		answer := call(backend, tc.method, tc.path, tc.body)
		assert.Equal(t, tc.status, answer.Code, "%s %s", tc.method, tc.path)
		assert.NotEmpty(t, answer.Header().Get("X-Request-ID"))
		if tc.code != "" {
			var said struct {
				Code    string               `json:"code"`
				Message string               `json:"message"`
				Fields  []hsadmin.FieldError `json:"fields"`
			}
			require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &said))
			assert.Equal(t, tc.code, said.Code)
			assert.NotEmpty(t, said.Message)
			assert.NotNil(t, said.Fields)
		}
	}
}

func TestBodiesMustBeJSON(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{})
	answer := call(backend, "PUT", "/devices/dev-1", deviceJSON, "Content-Type", "text/plain")
	assert.Equal(t, http.StatusUnsupportedMediaType, answer.Code)
}

func TestARepeatedKeyGetsTheFirstAnswer(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{})
	for range 3 {
		assert.Equal(t, http.StatusCreated, call(backend, "POST", "/devices", deviceJSON, "Idempotency-Key", "k1").Code)
	}
	assert.Equal(t, http.StatusConflict, call(backend, "POST", "/devices", deviceJSON, "Idempotency-Key", "k2").Code)
	other := strings.Replace(deviceJSON, "TV", "Radio", 1)
	assert.Equal(t, http.StatusUnprocessableEntity, call(backend, "POST", "/devices", other, "Idempotency-Key", "k1").Code)

	backend.Wipe()
	assert.Equal(t, http.StatusCreated, call(backend, "POST", "/devices", other, "Idempotency-Key", "k1").Code)
}

func TestCallLogKeepsTheLatest(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{CallLog: 2})
	call(backend, "GET", "/status", "")
	call(backend, "PUT", "/devices/dev-1", deviceJSON)
	call(backend, "POST", "/devices", deviceJSON, "Idempotency-Key", "k1")

	calls := backend.Calls()
	require.Len(t, calls, 2)
	assert.Equal(t, 3, backend.CallCount())
	assert.Equal(t, "PUT /devices/{device_id}", calls[0].Operation)
	assert.Equal(t, 204, calls[0].Status)
	assert.Equal(t, "k1", calls[1].IdempotencyKey)
	assert.Equal(t, 409, calls[1].Status)

	backend.ResetCalls()
	assert.Empty(t, backend.Calls())
}

func TestInspectorShowsAndWipes(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{})
	call(backend, "PUT", "/devices/dev-1", deviceJSON)
	inspector := backend.Inspector()

	var state map[string]map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(call(inspector, "GET", "/", "").Body.Bytes(), &state))
	assert.JSONEq(t, deviceJSON, string(state["devices"]["dev-1"]))
	assert.JSONEq(t, deviceJSON, call(inspector, "GET", "/devices/dev-1", "").Body.String())
	assert.Equal(t, http.StatusNotFound, call(inspector, "GET", "/devices/dev-2", "").Code)

	assert.Equal(t, http.StatusNoContent, call(inspector, "DELETE", "/", "").Code)
	assert.Zero(t, backend.Count("devices"))
}

func TestUnacceptedCertificatesAreForbidden(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{
		RequireClientCertificate: true,
		Authorize: func(cert *x509.Certificate) error {
			if cert.Subject.CommonName != "rsadaptor" {
				return errors.New("who is that")
			}
			return nil
		},
	})
	server, err := hsadmintest.Serve(backend)
	require.NoError(t, err)
	defer server.Close()

	for name, want := range map[string]error{"rsadaptor": nil, "stranger": hsadmin.ErrUnauthorized} {
		credentials, err := server.WriteClient(t.TempDir(), name)
		require.NoError(t, err)
		client, err := hsadmin.New(hsadmin.Config{BaseURL: server.URL, Credentials: credentials})
		require.NoError(t, err)
		_, err = client.Status(t.Context())
		require.ErrorIs(t, err, want)
		client.Close()
	}
	assert.Len(t, backend.Calls(), 2)
}
