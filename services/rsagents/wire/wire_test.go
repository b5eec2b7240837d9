package wire_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/services/rsagents/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheTraceGoesOnToRSClient(t *testing.T) {
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	asked := make(chan string, 1)
	rsclient := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("traceparent")
		w.WriteHeader(http.StatusNoContent)
	}))
	defer rsclient.Close()
	house := servicetest.New(t)
	svc, err := wire.New(t.Context(), house.Platform("rsagents"), wire.Config{RSClientURL: rsclient.URL})
	require.NoError(t, err)
	house.Run(svc)
	incoming := propagation.MapCarrier{"traceparent": "00-" + trace + "-00f067aa0ba902b7-01"}
	ctx := service.Propagator().Extract(t.Context(), incoming)
	call := func(method, path, body string) int {
		req := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
		req.Header.Set(httpapi.ISPHeader, "isp-1")
		answer := httptest.NewRecorder()
		svc.Handler.ServeHTTP(answer, req)
		return answer.Code
	}

	require.Equal(t, http.StatusCreated, call(http.MethodPost, "/router_agent_packages", `{"agent_package_id":"p1",
		"target":"mips","version":"1.2.3","url":"https://isp.example/agent","size":17,
		"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}`))
	require.Equal(t, http.StatusNoContent, call(http.MethodDelete, "/router_agent_packages/p1", ""))
	assert.Contains(t, <-asked, trace)
}
