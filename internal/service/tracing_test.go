package service_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"

	"github.com/hexplane/hexplane/internal/service"
)

func TestCallsCarryTheTraceContext(t *testing.T) {
	host, err := service.NewHost("caller", config(t), io.Discard)
	require.NoError(t, err)
	platform, err := host.Platform(t.Context(), "caller")
	require.NoError(t, err)
	defer func() { require.NoError(t, host.Close(t.Context())) }()
	got := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }))
	defer server.Close()

	incoming := propagation.HeaderCarrier{
		"Traceparent": {"00-" + traceID + "-00f067aa0ba902b7-01"}, "Tracestate": {"vendor=1"}, "Baggage": {"tenant=isp-1"},
	}
	ctx := service.Propagator().Extract(t.Context(), incoming)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	res, err := platform.Client(time.Minute).Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())

	outgoing := <-got
	require.Contains(t, outgoing.Get("Traceparent"), traceID)
	require.Equal(t, "vendor=1", outgoing.Get("Tracestate"))
	require.Equal(t, "tenant=isp-1", outgoing.Get("Baggage"))
}
