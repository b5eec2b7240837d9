package hsadmintest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

// FuzzBackend sends arbitrary requests: no panic, a request id on every answer,
// and a JSON body that says why on every refusal.
func FuzzBackend(f *testing.F) {
	f.Add("PUT", "/devices/dev-1", deviceJSON, "application/json", "")
	f.Add("POST", "/devices", deviceJSON, "application/json; charset=utf-8", "k")
	f.Add("PUT", "/routers/rtr-1/feature-flags", `{"a":true}`, "application/json", "")
	f.Add("PUT", "/system/general", `{"a":[1,{"b":null}]}`, "application/json", "")
	f.Add("DELETE", "/agent-packages/%2e%2e", "", "", "")
	backend := hsadmintest.New(hsadmintest.Options{CallLog: 10})
	f.Fuzz(func(t *testing.T, method, path, body, contentType, key string) {
		target, err := url.ParseRequestURI(path)
		if err != nil || strings.ContainsAny(method, " \r\n") || method == "" {
			return
		}
		req := &http.Request{
			Method: method, URL: target, Host: "hs.example", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {contentType}, "Idempotency-Key": {key}}, Body: http.NoBody,
		}
		if body != "" {
			req = req.Clone(t.Context())
			req.Body = httptest.NewRequest(http.MethodPut, "/", strings.NewReader(body)).Body
		}
		answer := httptest.NewRecorder()
		backend.ServeHTTP(answer, req)
		require.NotEmpty(t, answer.Header().Get("X-Request-ID"))
		if answer.Code >= http.StatusBadRequest {
			require.True(t, json.Valid(answer.Body.Bytes()))
		}
		for kind, documents := range backend.State() {
			for id, doc := range documents {
				require.True(t, json.Valid(doc), "%s/%s", kind, id)
			}
		}
		backend.Wipe()
	})
}
