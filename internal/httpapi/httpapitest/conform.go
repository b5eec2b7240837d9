// Package httpapitest checks that a REST interface and its OpenAPI document say the
// same.
//
//	api := httpapitest.Conform(t, rest.OpenAPI, rest.New(log, app))
//	res := httpapitest.Call(t, api, "PUT /configuration", "isp-1", `{"max_inactive_days": 30}`)
//	require.Equal(t, 200, res.Status)
package httpapitest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Conform wraps a handler so that the test fails when an exchange contradicts the
// document: a request that the document refuses and the handler accepts, an answer
// that the document does not describe, or a route that only one of them knows.
func Conform(t testing.TB, document []byte, h http.Handler) http.Handler {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(document)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	return &conformer{t: t, router: router, next: h}
}

type conformer struct {
	t      testing.TB
	router routers.Router
	next   http.Handler
}

// ServeHTTP implements http.Handler.
func (c *conformer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	require.NoError(c.t, err)
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	c.next.ServeHTTP(rec, r)
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.judge(r, rec)
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

func (c *conformer) judge(r *http.Request, rec *httptest.ResponseRecorder) {
	name := r.Method + " " + r.URL.Path
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		assert.GreaterOrEqual(c.t, rec.Code, 400, "%s is served but not in the document", name)
		return
	}
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true,
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	if rec.Code < 300 {
		assert.NoError(c.t, openapi3filter.ValidateRequest(r.Context(), in), "%s is accepted against the document", name)
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: rec.Code, Header: rec.Header(), Options: in.Options,
	}
	out.SetBodyBytes(rec.Body.Bytes())
	assert.NoError(c.t, openapi3filter.ValidateResponse(r.Context(), out), "%s answers %d against the document", name, rec.Code)
}
