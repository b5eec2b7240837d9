package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCrash kills a whole process in the middle of the sync, with no chance to clean
// up, and resumes on the same data folder: the jobs must end by themselves, and every
// document must be identical.
func TestCrash(t *testing.T) {
	path := inputOf(t, 24, nil)
	for round := range *crashRounds {
		environ := environOf(t, "INPUT", path)
		// Where in the sync it dies is drawn anew each time; two kills in one run every
		// other round.
		kills := 1 + round%2
		for i := range kills {
			killInSync(t, environ, i > 0)
		}
		var out bytes.Buffer
		require.NoError(t, execute(t.Context(), []string{"run", "--resume"}, withoutInput(environ), &out, io.Discard), out.String())
		assert.Regexp(t, total, out.String())
		assert.NotContains(t, out.String(), "loaded", "a resumed sync loads nothing")
	}
}

// TestCrashWhileLoading kills the process before the sync: what was loaded stays, and
// the rest follows.
func TestCrashWhileLoading(t *testing.T) {
	environ := environOf(t, "INPUT", inputOf(t, 24, nil))
	child := start(t, environ, false)
	wanted := 10 + rand.IntN(40)
	await(t, child, func() bool { return journaled(environ) >= wanted })
	child.kill(t)

	var out bytes.Buffer
	require.NoError(t, execute(t.Context(), []string{"run", "--resume"}, withoutInput(environ), &out, io.Discard), out.String())
	assert.Regexp(t, total, out.String())
}

// killInSync runs a child until the sync has written a random number of documents, and
// kills it.
func killInSync(t *testing.T, environ map[string]string, resume bool) {
	t.Helper()
	child := start(t, environ, resume)
	// 24 households demand about 200 documents.
	wanted := journaledIf(resume, environ) + rand.IntN(120)
	await(t, child, func() bool { return syncing(environ) && journaled(environ) >= wanted })
	t.Logf("killed when the sync had written %d documents", journaled(environ))
	child.kill(t)
}

func journaledIf(resume bool, environ map[string]string) int {
	if !resume {
		return 0
	}
	return journaled(environ)
}

// child is a standalone of its own.
type child struct {
	cmd  *exec.Cmd
	out  *lockedBuffer
	done chan error
}

func start(t *testing.T, environ map[string]string, resume bool) *child {
	t.Helper()
	args := []string{"run"}
	if resume {
		args, environ = append(args, "--resume"), withoutInput(environ)
	}
	c := &child{cmd: exec.CommandContext(t.Context(), os.Args[0], args...), out: &lockedBuffer{}, done: make(chan error, 1)}
	c.cmd.Env = append(os.Environ(), asChild+"=1", "MONGODB_URI=") // its documents are in its own folder
	for name, value := range environ {
		c.cmd.Env = append(c.cmd.Env, name+"="+value)
	}
	c.cmd.Stdout, c.cmd.Stderr = c.out, c.out
	require.NoError(t, c.cmd.Start())
	go func() { c.done <- c.cmd.Wait() }()
	return c
}

func (c *child) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, c.cmd.Process.Kill())
	<-c.done
	status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok && status.Signal() == syscall.SIGKILL, "it ended before it was killed:\n%s", c.out)
}

// await waits for a condition while the child lives.
func await(t *testing.T, c *child, condition func() bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		select {
		case err := <-c.done:
			c.done <- err
			return true // kill reports it
		default:
			return condition()
		}
	}, 5*time.Minute, time.Millisecond, "%s", c.out)
}

// syncing tells from outside whether the run has come to the sync.
func syncing(environ map[string]string) bool {
	content, err := os.ReadFile(filepath.Join(environ["DATA_DIR"], "standalone", "run.json"))
	return err == nil && bytes.Contains(content, []byte(`"phase": 3`))
}

// journaled counts the changes that the backend has kept.
func journaled(environ map[string]string) int {
	files, err := filepath.Glob(filepath.Join(environ["DATA_DIR"], "standalone", "hsbackend", "*.ndjson"))
	if err != nil {
		return 0
	}
	n := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err == nil {
			n += strings.Count(string(content), "\n")
		}
	}
	return n
}

// withoutInput leaves it to the data folder to say what is resumed.
func withoutInput(environ map[string]string) map[string]string {
	rest := map[string]string{}
	for name, value := range environ {
		if name != "INPUT" {
			rest[name] = value
		}
	}
	return rest
}
