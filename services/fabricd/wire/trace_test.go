package wire_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/memcluster"
	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/fabricd/wire"
)

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

// callingCluster makes a request at each creation, as the adapter of a real
// cluster does.
type callingCluster struct {
	fabric.Cluster

	client *http.Client
	url    string
}

func (c callingCluster) Create(ctx context.Context, obj fabric.Object) (fabric.Object, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, http.NoBody)
	if err != nil {
		return fabric.Object{}, err
	}
	req.Close = true
	res, err := c.client.Do(req)
	if err != nil {
		return fabric.Object{}, err
	}
	_ = res.Body.Close()
	return c.Cluster.Create(ctx, obj)
}

// TestTraceGoesThroughTheClusterAndBack: the trace that an event carries is that of
// the requests to the API server and of the report.
func TestTraceGoesThroughTheClusterAndBack(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var atServer []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		atServer = append(atServer, r.Header.Get("traceparent"))
	}))
	defer server.Close()

	host, err := service.NewHost("fabricd", config(t, w.brokers), io.Discard)
	require.NoError(t, err)
	platform, err := host.Platform(t.Context(), "fabricd")
	require.NoError(t, err)
	client := &http.Client{Transport: wire.Traced(platform)(&http.Transport{})}
	svc, err := wire.NewAround(platform, wire.Config{ClusterID: "paris", Heartbeat: time.Hour},
		func(fabric.Cluster) fabric.Cluster {
			return callingCluster{memcluster.New(memcluster.Config{}), client, server.URL}
		},
		func(p eventbus.Publisher) eventbus.Publisher { return p })
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx, svc) }()

	shop := project("shop")
	msg, err := eventbus.NewMessage(demeterevent.EventTopic, demeterevent.ProjectCreated, shop.ProjectID, shop)
	require.NoError(t, err)
	msg.TraceID = propagation.MapCarrier{"traceparent": "00-" + traceID + "-00f067aa0ba902b7-01"}
	require.NoError(t, w.send.Publish(t.Context(), msg))
	report := next(t, w.reports, func(m *eventbus.Message) bool { return m.Key == shop.ProjectID })
	require.Contains(t, report.TraceID["traceparent"], traceID)
	cancel()
	require.NoError(t, <-ended)
	require.NotEmpty(t, atServer)
	require.Contains(t, atServer[len(atServer)-1], traceID)
}
