package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/services/standalone/job"
)

const households = "../../examples/fullsync/households.ndjson"

// inputOf writes the first lines of the example's input: its four providers and n
// households, each line changed by edit.
func inputOf(t *testing.T, n int, edit func(number int, line string) string) string {
	t.Helper()
	content, err := os.ReadFile(households)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(content), "\n")[:4+n]
	for i, line := range lines {
		if edit != nil {
			lines[i] = edit(i+1, line)
		}
	}
	path := filepath.Join(t.TempDir(), "households.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600))
	return path
}

func environOf(t *testing.T, more ...string) map[string]string {
	t.Helper()
	environ := map[string]string{
		"DATA_DIR": t.TempDir(), "HTTP_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0",
	}
	for i := 0; i+1 < len(more); i += 2 {
		environ[more[i]] = more[i+1]
	}
	return environ
}

// total matches the table's last row of a run in which everything is identical.
var total = regexp.MustCompile(`(?m)^ *total +(\d+) +(\d+) +(\d+) +0 +0`)

func TestRunEndsIdenticalTwiceInARow(t *testing.T) {
	environ := environOf(t)
	path := inputOf(t, 6, nil)
	for range 2 {
		var out bytes.Buffer
		require.NoError(t, execute(t.Context(), []string{"run", "--input", path}, environ, &out, io.Discard), out.String())
		assert.Regexp(t, total, out.String())
		assert.Contains(t, out.String(), "wiped the backend")
	}
}

func TestBadLinesAreReportedAndTheRestIsSynced(t *testing.T) {
	path := inputOf(t, 6, func(number int, line string) string {
		switch number {
		case 6:
			return "{\"household\":\n"
		case 7:
			return strings.Replace(line, `"kind":"router"`, `"kind":"toaster"`, 1)
		case 8: // passes the reader, and is refused by the service
			return strings.Replace(line, `"status":"active"`, `"status":"asleep"`, 1)
		}
		return line
	})
	var out bytes.Buffer
	err := execute(t.Context(), []string{"run", "--input", path}, environOf(t), &out, io.Discard)
	require.ErrorIs(t, err, job.ErrInput, out.String())
	require.NotErrorIs(t, err, job.ErrNotIdentical)
	assert.Regexp(t, total, out.String())
	assert.Regexp(t, `line 6: .*unexpected EOF`, out.String())
	assert.Regexp(t, `line 7: .*toaster`, out.String())
	assert.Regexp(t, `line 8: POST /accounts: 4\d\d .*status`, out.String())
}

func TestADifferenceFailsTheRun(t *testing.T) {
	environ := environOf(t)
	path := inputOf(t, 2, nil)
	var out bytes.Buffer
	require.NoError(t, execute(t.Context(), []string{"run", "--input", path}, environ, &out, io.Discard))

	// The backend forgets one document and holds another one changed.
	file := filepath.Join(environ["DATA_DIR"], "standalone", "hsbackend", "nordlys.ndjson")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	changed := strings.ReplaceAll(string(content), `"enabled":true,"identifiers"`, `"enabled":false,"identifiers"`)
	require.NotEqual(t, string(content), changed)
	changed += `{"kind":"system","id":"general"}` + "\n"
	require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))

	out.Reset()
	err = execute(t.Context(), []string{"run", "--resume"}, environ, &out, io.Discard)
	require.ErrorIs(t, err, job.ErrNotIdentical)
	assert.Regexp(t, `routers/nor-000000-d01 enabled: want true, got false`, out.String())
	assert.Regexp(t, `nordlys/system/general \(document\): want a document, got none`, out.String())
}

// lockedBuffer is written by one goroutine and read by another.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func TestServeStaysUpAndSaysWhatToTry(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out lockedBuffer
	done := make(chan error, 1)
	path, environ := inputOf(t, 1, nil), environOf(t)
	go func() { done <- execute(ctx, []string{"serve", "--input", path}, environ, &out, io.Discard) }()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "Serving until") }, 2*time.Minute, 50*time.Millisecond)
	assert.Regexp(t, `curl -H "Authorization: Bearer \$KEY" http://127\.0\.0\.1:\d+/accounts`, out.String())
	select {
	case err := <-done:
		t.Fatalf("ended: %v", err)
	default:
	}
	stop()
	assert.NoError(t, <-done)
}

func TestCommandLine(t *testing.T) {
	foreign := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(foreign, "thesis.txt"), []byte("x"), 0o600))
	for _, tc := range []struct {
		name    string
		args    []string
		environ []string
		want    string
	}{
		{name: "unknown command", args: []string{"walk"}, want: "unknown command"},
		{name: "unknown flag", args: []string{"run", "--fast"}, want: "not defined"},
		{name: "unknown argument", args: []string{"run", "now"}, want: "unknown argument"},
		{name: "no input", args: []string{"run", "--input", "none.ndjson"}, want: "no such file"},
		{name: "nothing to resume", args: []string{"run", "--resume"}, want: "no run to resume"},
		{name: "bad variable", args: []string{"run"}, environ: []string{"PATIENCE", "soon"}, want: "Patience"},
		{
			name: "someone else's folder", args: []string{"run", "--input", households},
			environ: []string{"DATA_DIR", foreign}, want: "not standalone's",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := execute(t.Context(), tc.args, environOf(t, tc.environ...), io.Discard, io.Discard)
			assert.ErrorContains(t, err, tc.want)
		})
	}
	assert.FileExists(t, filepath.Join(foreign, "thesis.txt"))
}

func TestHelpListsTheEnvironment(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"help"}, {"run", "--help"}} {
		var out bytes.Buffer
		require.ErrorIs(t, execute(t.Context(), args, nil, &out, io.Discard), errHelp)
		for _, name := range []string{"DATA_DIR", "KAFKA_BROKERS", "INPUT", "RESUME", "LOAD_CONCURRENCY", "--resume"} {
			assert.Contains(t, out.String(), name)
		}
	}
}
