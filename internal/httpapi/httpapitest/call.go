package httpapitest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/httpapi"
)

// Response is the answer to Call.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Call makes one request to a handler, on behalf of an internet provider unless isp
// is empty. target is a method and a path; body may be empty.
func Call(t testing.TB, h http.Handler, target, isp, body string, headers ...string) Response {
	t.Helper()
	method, path, ok := strings.Cut(target, " ")
	require.True(t, ok, "target is %q, not a method and a path", target)
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if isp != "" {
		req.Header.Set(httpapi.ISPHeader, isp)
	}
	for pair := range slices.Chunk(headers, 2) {
		require.Len(t, pair, 2, "headers")
		req.Header.Set(pair[0], pair[1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return Response{Status: rec.Code, Header: rec.Header(), Body: rec.Body.String()}
}

// Fields returns the fields that a problem document names.
func (r Response) Fields(t testing.TB) []string {
	t.Helper()
	var p httpapi.Problem
	require.NoError(t, json.Unmarshal([]byte(r.Body), &p), r.Body)
	var fields []string
	for _, e := range p.Errors {
		fields = append(fields, e.Field)
	}
	return fields
}
