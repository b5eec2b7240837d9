package crashtest

import (
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

var (
	kills  = flag.Int("crash.kills", 4, "how often something is killed")
	leaves = flag.Int("crash.leaves", 2000, "leaves of the tree")
)

const workers = 2

func TestKilledProcessesLoseAndRepeatNothing(t *testing.T) {
	w := newWorld(t)
	manager, err := asynctask.NewManager(w.store, nil, asynctask.Config{Logger: slog.New(slog.DiscardHandler)}, definitions(*leaves)...)
	require.NoError(t, err)
	_, err = manager.Start(t.Context(), asynctask.StartOptions{Type: "Root", ID: "root", JobID: "job"})
	require.NoError(t, err)

	w.startAll()
	for n := range *kills {
		w.progressBy(rand.N(1 + *leaves / *kills)) // on the average the kills take half of the tree
		if w.done() {
			t.Logf("the tree ended after %d of %d kills", n, *kills)
			break
		}
		w.kill(n)
		if (n+1)%10 == 0 {
			t.Logf("%d kills, %d of %d leaves", n+1, w.count(), *leaves)
		}
	}
	end(w.workers[0]) // for good: the other one takes over its tasks and partitions
	w.workers[0] = nil
	require.Eventually(t, w.done, 30*time.Minute, 100*time.Millisecond)
	w.verify()
}

// world is the processes and what they share.
type world struct {
	t        *testing.T
	dir      string
	port     int
	store    asynctask.Store
	effects  *sql.DB
	broker   *exec.Cmd
	workers  [workers]*exec.Cmd
	recovery map[string]time.Duration // the longest, by what was killed
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir(), port: freePort(t), recovery: map[string]time.Duration{}}
	store, closeStore, err := openStore(t.Context(), w.dir)
	require.NoError(t, err)
	w.store = store
	w.effects, err = openEffects(t.Context(), w.dir)
	require.NoError(t, err)
	t.Cleanup(func() {
		w.logs()
		for _, cmd := range append(w.workers[:], w.broker) {
			end(cmd)
		}
		assert.NoError(t, w.effects.Close())
		assert.NoError(t, closeStore())
	})
	return w
}

func freePort(t *testing.T) int {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	addr, ok := l.Addr().(*net.TCPAddr)
	require.True(t, ok)
	return addr.Port
}

// child starts a process of a role.
func (w *world) child(role, name string) *exec.Cmd {
	logs, err := os.OpenFile(filepath.Join(w.dir, name+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(w.t, err)
	defer logs.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envRole+"="+role, envDir+"="+w.dir,
		envPort+"="+strconv.Itoa(w.port), envLeaves+"="+strconv.Itoa(*leaves), envName+"="+name)
	cmd.Stdout, cmd.Stderr = logs, logs
	require.NoError(w.t, cmd.Start())
	return cmd
}

func end(cmd *exec.Cmd) {
	if cmd != nil {
		_ = cmd.Process.Kill() // SIGKILL
		_ = cmd.Wait()
	}
}

// logs shows how the children's logs end if the test failed.
func (w *world) logs() {
	if !w.t.Failed() {
		return
	}
	for _, name := range []string{"broker", "worker0", "worker1"} {
		log, err := os.ReadFile(filepath.Join(w.dir, name+".log"))
		w.t.Logf("%s (%v): ...%s", name, err, log[max(0, len(log)-3000):])
	}
}

// startAll starts whatever does not run.
func (w *world) startAll() {
	if w.broker == nil {
		w.broker = w.child("broker", "broker")
	}
	for i := range w.workers {
		if w.workers[i] == nil {
			w.workers[i] = w.child("worker", fmt.Sprint("worker", i))
		}
	}
}

// kill kills one worker, all workers, the broker, or everything, starts it
// again, and waits until the tree moves.
func (w *world) kill(n int) {
	what := []string{"a worker", "the broker", "all workers", "everything"}[n%4]
	if what == "a worker" {
		i := rand.IntN(workers)
		end(w.workers[i])
		w.workers[i] = nil
		w.moves("a worker, the other goes on")
	}
	if what == "the broker" || what == "everything" {
		end(w.broker)
		w.broker = nil
	}
	if what == "all workers" || what == "everything" {
		for i := range w.workers {
			end(w.workers[i])
			w.workers[i] = nil
		}
	}
	w.startAll()
	w.moves(what)
}

// moves measures how long it takes until the next effect.
func (w *world) moves(what string) {
	began := time.Now()
	w.progressBy(1)
	w.recovery[what] = max(w.recovery[what], time.Since(began))
}

// progressBy waits for n more effects, or for the end.
func (w *world) progressBy(n int) {
	from := w.count()
	require.Eventually(w.t, func() bool { return w.count() >= from+n || w.done() }, 5*time.Minute, 20*time.Millisecond, "no progress")
}

func (w *world) count() int {
	var n int
	require.NoError(w.t, w.effects.QueryRowContext(w.t.Context(), "SELECT coalesce(max(n), 0) FROM effects").Scan(&n))
	return n
}

func (w *world) done() bool {
	task, err := w.store.Task(w.t.Context(), "root")
	require.NoError(w.t, err)
	return task.State.Final()
}

func (w *world) verify() {
	task, err := w.store.Task(w.t.Context(), "root")
	require.NoError(w.t, err)
	assert.Equal(w.t, asynctask.StateCompleted, task.State, "%v", task.Error)
	want := asynctask.Counts{Total: int64(*leaves), OK: int64(*leaves)}
	assert.Equal(w.t, want, task.Counts, "no request lost")
	var rows, ids int
	require.NoError(w.t, w.effects.QueryRowContext(w.t.Context(), "SELECT count(*), count(DISTINCT request_id) FROM effects").Scan(&rows, &ids))
	assert.Equal(w.t, *leaves, rows, "every leaf's effect")
	assert.Equal(w.t, rows, ids, "exactly once")
	levels, err := w.store.Progress(w.t.Context(), "job")
	require.NoError(w.t, err)
	require.Len(w.t, levels, 2)
	assert.Equal(w.t, int64(*leaves), levels[1].OK)
	assert.Zero(w.t, levels[1].InFlight)
	for what, d := range w.recovery {
		w.t.Logf("killed %s: first progress after %s at the longest", what, d.Round(time.Millisecond))
	}
}
