package servicetest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// asService marks the process that is to be the service.
const asService = "HEXPLANE_TEST_RUN_MAIN"

// patience bounds how long a start or a stop may take on a busy machine.
const patience = 2 * time.Minute

// Main is for TestMain: it runs the tests, or the service's main when the process was
// started by Start or Help. Leaks of goroutines fail the tests, but for those of the
// options.
func Main(m *testing.M, main func(), ignored ...goleak.Option) {
	if os.Getenv(asService) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m, ignored...)
}

// Binary is a running service.
type Binary struct {
	t       testing.TB
	cmd     *exec.Cmd
	running chan struct{}
	exited  chan error

	mu        sync.Mutex
	addresses map[string]string // by name in the log: admin, and the service's
	log       bytes.Buffer
}

// Start starts the binary with nothing in its environment but a fresh data folder,
// free ports, a log that Start can read, and env (name=value), and waits until it
// runs. The test kills it when it ends.
func Start(t testing.TB, env ...string) *Binary {
	t.Helper()
	b := &Binary{t: t, running: make(chan struct{}), exited: make(chan error, 1), addresses: map[string]string{}}
	b.cmd = command(t)
	b.cmd.Env = append(b.cmd.Env, "DATA_DIR="+t.TempDir(), "HTTP_ADDR=127.0.0.1:0", "ADMIN_ADDR=127.0.0.1:0", "LOG_FORMAT=json")
	b.cmd.Env = append(b.cmd.Env, env...)
	logs, err := b.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, b.cmd.Start())
	t.Cleanup(func() { _ = b.cmd.Process.Kill() })
	go b.read(logs)
	select {
	case <-b.running:
	case err := <-b.exited:
		require.FailNow(t, "the service ended", "%v\n%s", err, b.Log())
	case <-time.After(patience):
		require.FailNow(t, "the service does not start", b.Log())
	}
	return b
}

// read follows the log until the process ends.
func (b *Binary) read(logs io.Reader) {
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		var line struct {
			Msg     string `json:"msg"`
			Service string `json:"service"`
			Address string `json:"address"`
		}
		_ = json.Unmarshal(lines.Bytes(), &line)
		b.mu.Lock()
		b.log.Write(append(lines.Bytes(), '\n'))
		if line.Msg == "listening" {
			b.addresses[line.Service] = line.Address
		}
		b.mu.Unlock()
		if line.Msg == "running" {
			close(b.running)
		}
	}
	b.exited <- b.cmd.Wait()
}

// Log returns what the service logged so far.
func (b *Binary) Log() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

// URL returns the base URL of a listener: "admin", or the service's name.
func (b *Binary) URL(listener string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Contains(b.t, b.addresses, listener)
	return "http://" + b.addresses[listener]
}

// Get returns the status and body of a GET.
func (b *Binary) Get(listener, path string) (status int, body string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.URL(listener)+path, nil)
	require.NoError(b.t, err)
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	return res.StatusCode, string(data)
}

// Stop sends SIGTERM and demands a clean end.
func (b *Binary) Stop() {
	b.t.Helper()
	require.NoError(b.t, b.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-b.exited:
		require.NoError(b.t, err, b.Log())
	case <-time.After(patience):
		require.FailNow(b.t, "the service does not stop", b.Log())
	}
}

// Kill ends the service as a crash does, with SIGKILL, and waits until it is gone.
func (b *Binary) Kill() {
	b.t.Helper()
	require.NoError(b.t, b.cmd.Process.Kill())
	<-b.exited
}

// Help returns what the binary prints for --help.
func Help(t testing.TB) string {
	t.Helper()
	cmd := command(t, "--help")
	out, err := cmd.Output()
	require.NoError(t, err)
	return string(out)
}

// Smoke is the test that every service passes: it starts with no environment, is
// alive and ready, publishes metrics and its OpenAPI document if it has REST, stops
// cleanly, and --help names the given variables besides the common ones.
func Smoke(t *testing.T, name string, variables ...string) {
	b := Start(t)
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		status, _ := b.Get("admin", path)
		require.Equal(t, http.StatusOK, status, path)
	}
	if _, rest := b.addresses[name]; rest {
		status, body := b.Get(name, "/openapi.yaml")
		require.Equal(t, http.StatusOK, status)
		require.True(t, strings.HasPrefix(body, "openapi: 3.0"), body)
	}
	b.Stop()
	help := Help(t)
	for _, v := range append(variables, "KAFKA_BROKERS", "DATA_DIR", "HTTP_ADDR", "ADMIN_ADDR", "LOG_LEVEL") {
		require.Contains(t, help, "\n  "+v+" ")
	}
}

func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = []string{asService + "=1"}
	return cmd
}
