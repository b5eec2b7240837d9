package hsadminotel_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadminotel"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASpanPerAttemptThatTheBackendSees(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(recorder))
	backend := hsadmintest.New(hsadmintest.Options{})
	backend.Inject(hsadmintest.Rule{Times: 1, Fault: hsadmintest.Fault{Status: 503}})
	var traceparents []string
	server, err := hsadmintest.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		traceparents = append(traceparents, r.Header.Get("Traceparent"))
		backend.ServeHTTP(w, r)
	}))
	require.NoError(t, err)
	defer server.Close()
	credentials, err := server.WriteClient(t.TempDir(), "test")
	require.NoError(t, err)
	client, err := hsadmin.New(hsadmin.Config{
		BaseURL: server.URL, Credentials: credentials, Retry: hsadmin.RetryConfig{BaseDelay: 1},
		Hooks: []any{hsadminotel.New(provider, propagation.TraceContext{})},
	})
	require.NoError(t, err)
	defer client.Close()

	ctx, parent := provider.Tracer("test").Start(t.Context(), "parent")
	_, err = client.Status(ctx)
	require.NoError(t, err)

	spans := recorder.Ended()
	require.Len(t, spans, 2)
	for i, span := range spans {
		assert.Equal(t, "GET /status", span.Name())
		assert.Equal(t, parent.SpanContext().TraceID(), span.SpanContext().TraceID())
		assert.Contains(t, traceparents[i], span.SpanContext().SpanID().String())
	}
	assert.Equal(t, codes.Error, spans[0].Status().Code)
	assert.Equal(t, codes.Unset, spans[1].Status().Code)
	attributes := map[string]any{}
	for _, kv := range spans[1].Attributes() {
		attributes[string(kv.Key)] = kv.Value.AsInterface()
	}
	assert.Equal(t, map[string]any{
		"http.request.method": "GET", "url.template": "/status",
		"http.request.resend_count": int64(1), "http.response.status_code": int64(200),
	}, attributes)
}
