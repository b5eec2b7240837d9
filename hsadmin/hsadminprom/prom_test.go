package hsadminprom_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadminprom"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAttemptsAndCallsAreCounted(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{})
	backend.Inject(hsadmintest.Rule{Times: 1, Fault: hsadmintest.Fault{Status: 503}})
	// Of a GET, net/http itself would repeat a reset.
	backend.Inject(hsadmintest.Rule{Method: "DELETE", Times: 1, Fault: hsadmintest.Fault{Reset: true}})
	server, err := hsadmintest.Serve(backend)
	require.NoError(t, err)
	defer server.Close()
	credentials, err := server.WriteClient(t.TempDir(), "test")
	require.NoError(t, err)

	registry := prometheus.NewPedanticRegistry()
	for range 2 { // two clients share one registry
		hook, err := hsadminprom.New(registry)
		require.NoError(t, err)
		client, err := hsadmin.New(hsadmin.Config{
			BaseURL: server.URL, Credentials: credentials, Retry: hsadmin.RetryConfig{BaseDelay: 1}, Hooks: []any{hook},
		})
		require.NoError(t, err)
		_, err = client.Status(t.Context())
		require.NoError(t, err)
		require.ErrorIs(t, client.DeleteDevice(t.Context(), "dev-1"), hsadmin.ErrNotFound)
		client.Close()
	}

	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP hsadmin_attempts_total HTTP requests to HS Admin by operation and status.
# TYPE hsadmin_attempts_total counter
hsadmin_attempts_total{operation="DELETE /devices/{device_id}",status="404"} 2
hsadmin_attempts_total{operation="DELETE /devices/{device_id}",status="none"} 1
hsadmin_attempts_total{operation="GET /status",status="200"} 2
hsadmin_attempts_total{operation="GET /status",status="503"} 1
# HELP hsadmin_calls_total Calls of HS Admin by operation and outcome.
# TYPE hsadmin_calls_total counter
hsadmin_calls_total{operation="DELETE /devices/{device_id}",outcome="error"} 2
hsadmin_calls_total{operation="GET /status",outcome="ok"} 2
`), "hsadmin_attempts_total", "hsadmin_calls_total"))
	assert.Equal(t, 2, testutil.CollectAndCount(registry, "hsadmin_call_duration_seconds"))
}

func TestAClashIsReported(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "hsadmin_calls_total", Help: "another"}))
	_, err := hsadminprom.New(registry)
	require.Error(t, err)
}
