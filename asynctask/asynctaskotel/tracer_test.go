package asynctaskotel_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/asynctaskotel"
)

func TestSpansContinueTheTraceOfTheStart(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	tracer := asynctaskotel.New(provider)
	trace := map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}

	tracer.Observe(asynctask.Observation{Kind: asynctask.TaskStarted, TraceID: trace})
	tracer.Observe(asynctask.Observation{
		Kind: asynctask.RequestReplied, Type: "T", Step: "s", Status: asynctask.StatusOK, Duration: time.Minute, TraceID: trace,
	})
	tracer.Observe(asynctask.Observation{
		Kind: asynctask.TaskEnded, Type: "T", State: asynctask.StateFailed, Duration: time.Hour, TraceID: trace,
	})

	spans := recorder.Ended()
	require.Len(t, spans, 2)
	for i, want := range []struct {
		name   string
		took   time.Duration
		status codes.Code
	}{{"request T/s", time.Minute, codes.Unset}, {"task T", time.Hour, codes.Error}} {
		assert.Equal(t, want.name, spans[i].Name())
		assert.Equal(t, "0af7651916cd43dd8448eb211c80319c", spans[i].SpanContext().TraceID().String())
		assert.Equal(t, "b7ad6b7169203331", spans[i].Parent().SpanID().String())
		assert.Equal(t, want.took, spans[i].EndTime().Sub(spans[i].StartTime()))
		assert.Equal(t, want.status, spans[i].Status().Code)
	}
}
