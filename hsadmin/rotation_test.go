package hsadmin_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

// A rotation takes the interval of reloading, here some milliseconds; soon is
// when a machine that is busy with other things must have got to it.
const soon, often = 30 * time.Second, 5 * time.Millisecond

// connections counts a server's open connections by the serial number of their
// client certificate.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]string
}

func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateActive:
		if secure, ok := conn.(*tls.Conn); ok && len(secure.ConnectionState().PeerCertificates) > 0 {
			c.open[conn] = secure.ConnectionState().PeerCertificates[0].SerialNumber.String()
		}
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	default:
	}
}

func (c *connections) of(serial string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, s := range c.open {
		if s == serial {
			n++
		}
	}
	return n
}

func TestCallsGoOnWhileTheIdentityIsRotated(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{RequireClientCertificate: true, CallLog: 1})
	authority, err := hsadmintest.NewAuthority()
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(backend)
	server.TLS, err = authority.ServerTLS("127.0.0.1")
	require.NoError(t, err)
	open := &connections{open: map[net.Conn]string{}}
	server.Config.ConnState = open.changed
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()

	dir := t.TempDir()
	credentials, err := authority.WriteClient(dir, "first")
	require.NoError(t, err)
	credentials.ReloadInterval = 10 * time.Millisecond
	client, err := hsadmin.New(hsadmin.Config{BaseURL: server.URL, Credentials: credentials, Retry: hsadmin.RetryConfig{MaxAttempts: 1}})
	require.NoError(t, err)
	defer client.Close()

	ctx, stop := context.WithCancel(t.Context())
	var calls, failures atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for ctx.Err() == nil {
				if _, err := client.Status(context.WithoutCancel(ctx)); err != nil {
					failures.Add(1)
				}
				calls.Add(1)
			}
		})
	}
	seen := func(name string) string {
		var serial string
		require.Eventually(t, func() bool {
			latest := backend.Calls()
			if len(latest) == 0 || latest[0].Client != name {
				return false
			}
			serial = latest[0].Serial
			return true
		}, soon, often)
		return serial
	}
	old := seen("first")
	for _, name := range []string{"second", "third", "fourth"} {
		before := calls.Load()
		require.Eventually(t, func() bool { return calls.Load() >= before+200 }, soon, often)
		rotated := time.Now()
		_, err = authority.WriteClient(dir, name)
		require.NoError(t, err)
		serial := seen(name)
		t.Logf("%s identity seen after %v", name, time.Since(rotated))
		assert.NotEqual(t, old, serial)
		require.Eventually(t, func() bool { return open.of(old) == 0 }, soon, often, "connections of the old identity are closed")
		old = serial
	}
	stop()
	callers.Wait()
	assert.Zero(t, failures.Load(), "no call fails, without any retry")
	t.Logf("%d calls during three rotations", calls.Load())
}

func TestAChangedAuthorityIsTakenOver(t *testing.T) {
	server, err := hsadmintest.Serve(hsadmintest.New(hsadmintest.Options{RequireClientCertificate: true}))
	require.NoError(t, err)
	defer server.Close()
	stranger, err := hsadmintest.NewAuthority()
	require.NoError(t, err)
	dir := t.TempDir()
	credentials, err := stranger.WriteClient(dir, "rsadaptor")
	require.NoError(t, err)
	credentials.ReloadInterval = 5 * time.Millisecond
	client, err := hsadmin.New(hsadmin.Config{BaseURL: server.URL, Credentials: credentials})
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Status(t.Context())
	require.ErrorIs(t, err, hsadmin.ErrUnauthorized)

	_, err = server.WriteClient(dir, "rsadaptor")
	require.NoError(t, err)

	require.Eventually(t, func() bool {
		_, err := client.Status(t.Context())
		return err == nil
	}, soon, often)
}

// syncBuffer is a buffer that a logger may write while a test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestFilesThatDoNotFitAreNotTakenOver(t *testing.T) {
	var logged syncBuffer
	var files hsadmin.Credentials
	_, client := newBackend(t, func(cfg *hsadmin.Config) {
		cfg.Credentials.ReloadInterval = 5 * time.Millisecond
		cfg.Log = slog.New(slog.NewTextHandler(&logged, nil))
		files = cfg.Credentials
	})
	stranger, err := hsadmintest.NewAuthority()
	require.NoError(t, err)
	other, err := stranger.WriteClient(t.TempDir(), "other")
	require.NoError(t, err)
	key, err := os.ReadFile(other.KeyFile)
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(files.KeyFile, key, 0o600))

	require.Eventually(t, func() bool { return strings.Contains(logged.String(), "not taken over") }, soon, often)
	_, err = client.Status(t.Context())
	require.NoError(t, err, "the last identity that was whole stays in use")
	assert.NotContains(t, logged.String(), string(key))
}
