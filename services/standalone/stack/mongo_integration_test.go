//go:build integration

package stack_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/docstore/mongostore"
	"github.com/hexplane/hexplane/internal/fullsync/gateway"
	"github.com/hexplane/hexplane/internal/realservers"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/standalone/job"
	"github.com/hexplane/hexplane/services/standalone/stack"
)

func TestMain(m *testing.M) {
	// The Kafka client library keeps one ticker for all its meters, for good.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

// TestMainJobOnMongoDB provisions, syncs and compares with every document of the
// services in MongoDB. Another stack that begins anew leaves that database alone; one
// that goes on finds all of it.
func TestMainJobOnMongoDB(t *testing.T) {
	environ := map[string]string{
		"DATA_DIR": t.TempDir(), "HTTP_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0", "MONGODB_URI": realservers.MongoDatabase(t),
	}
	input := households(t, 6)
	require.NoError(t, do(t, environ, input, false))
	files, err := filepath.Glob(filepath.Join(environ["DATA_DIR"], "*", "docs.db"))
	require.NoError(t, err)
	assert.Empty(t, files, "no document is in SQLite")

	other := map[string]string{"DATA_DIR": t.TempDir(), "MONGODB_URI": environ["MONGODB_URI"]}
	require.ErrorIs(t, do(t, other, input, false), mongostore.ErrUsed)
	require.NoError(t, do(t, environ, input, true))
}

// do runs the services, and the job with them.
func do(t *testing.T, environ map[string]string, input string, resume bool) error {
	t.Helper()
	isps, err := job.Providers(input)
	require.NoError(t, err)
	cfg := stack.Config{Environ: environ, ISPs: isps, Logs: io.Discard}
	require.NoError(t, service.Parse(&cfg.Config, environ))
	cfg.NoDocuments = !resume
	st, err := stack.Open(t.Context(), cfg)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- st.Run(ctx) }()
	defer func() {
		stop()
		assert.NoError(t, <-stopped)
	}()
	require.Eventually(t, func() bool { return st.Ready() == nil }, time.Minute, 10*time.Millisecond)

	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	gateways := map[string]*gateway.Client{}
	for isp, key := range st.Keys {
		gateways[isp] = &gateway.Client{BaseURL: st.GatewayURL, Key: key, HTTP: &http.Client{Transport: transport}}
	}
	var out bytes.Buffer
	defer func() { t.Log(out.String()) }()
	return job.Run(ctx, job.Config{
		Input: input, StateFile: filepath.Join(environ["DATA_DIR"], "standalone", "run.json"), Resume: resume,
		Gateways: gateways, Backend: st.Backend, Idle: st.Idle, Out: &out,
	})
}

// households writes the example's four providers and the first n of its households.
func households(t *testing.T, n int) string {
	t.Helper()
	content, err := os.ReadFile("../../../examples/fullsync/households.ndjson")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "households.ndjson")
	lines := strings.SplitAfter(string(content), "\n")[:4+n]
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600))
	return path
}
