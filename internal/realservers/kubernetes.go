package realservers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Kubernetes starts a Kubernetes API server without any node (see
// internal/kubetest, which is built at the first call on a machine and kept in
// the user's cache folder) and returns the path of a kubeconfig of a user who may
// do anything.
func Kubernetes(t testing.TB) string {
	t.Helper()
	binary := buildKubetest(t)
	dir := dataDir(t)
	logs, err := os.Create(filepath.Join(t.TempDir(), "kubetest.log"))
	require.NoError(t, err)
	cmd := exec.Command(binary, "-dir", dir) //nolint:noctx // stopped by the cleanup
	cmd.Stdout, cmd.Stderr = logs, logs
	lifeline, err := cmd.StdinPipe() // it ends with its standard input, so also when the test is killed
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = lifeline.Close()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		_ = logs.Close()
	})
	kubeconfig := filepath.Join(dir, "kubeconfig")
	require.Eventually(t, func() bool {
		select {
		case <-ended:
			return true
		default:
			_, err := os.Stat(kubeconfig)
			return err == nil
		}
	}, 2*time.Minute, 50*time.Millisecond, "the API server is not ready")
	said, err := os.ReadFile(logs.Name())
	require.NoError(t, err)
	require.FileExists(t, kubeconfig, string(said))
	return kubeconfig
}

// buildKubetest returns the server's binary, built if this machine has none yet.
func buildKubetest(t testing.TB) string {
	t.Helper()
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output() //nolint:noctx // waited for at once
	require.NoError(t, err)
	script := filepath.Join(strings.TrimSpace(string(root)), "internal", "kubetest", "build.sh")
	build := exec.Command(script) //nolint:noctx // our own script, waited for at once
	build.Stderr = os.Stderr
	out, err := build.Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}
