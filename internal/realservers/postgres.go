package realservers

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // to ask whether the server answers
	"github.com/stretchr/testify/require"
)

// Postgres starts a PostgreSQL server with an empty database and returns its
// DSN. It takes the newest of Debian's versions; see install-postgres.sh. The
// server refuses to run as root, so root runs it as the user postgres.
func Postgres(t testing.TB) string {
	t.Helper()
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	require.NoError(t, err)
	require.NotEmpty(t, bins, "no PostgreSQL here: run internal/realservers/install-postgres.sh")
	p := postgres{bin: bins[len(bins)-1], dir: dataDir(t), port: freePort(t), password: rand.Text(), as: unprivileged(t)}
	p.init(t)
	p.start(t)
	return p.dsn()
}

type postgres struct {
	bin, dir string
	port     int
	password string
	as       *syscall.SysProcAttr
}

func (p postgres) dsn() string {
	return fmt.Sprintf("postgres://tests:%s@127.0.0.1:%d/postgres?sslmode=disable", p.password, p.port)
}

// init makes the database cluster.
func (p postgres) init(t testing.TB) {
	t.Helper()
	secret := filepath.Join(p.dir, "password")
	require.NoError(t, os.WriteFile(secret, []byte(p.password), 0o600))
	if p.as != nil {
		require.NoError(t, os.Chown(p.dir, int(p.as.Credential.Uid), int(p.as.Credential.Gid)))
		require.NoError(t, os.Chown(secret, int(p.as.Credential.Uid), int(p.as.Credential.Gid)))
	}
	cmd := exec.Command(filepath.Join(p.bin, "initdb"), "--pgdata", filepath.Join(p.dir, "data"), //nolint:gosec,noctx // our own arguments; waited for at once
		"--username=tests", "--pwfile", secret, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
	cmd.SysProcAttr, cmd.Dir = p.as, p.dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// start runs the server until the test ends.
func (p postgres) start(t testing.TB) {
	t.Helper()
	logs, err := os.Create(filepath.Join(t.TempDir(), "postgres.log"))
	require.NoError(t, err)
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), "-D", filepath.Join(p.dir, "data"), //nolint:gosec,noctx // our own arguments; stopped by the cleanup
		"-h", "127.0.0.1", "-p", strconv.Itoa(p.port), "-k", "", "-c", "max_connections=100")
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = p.as, p.dir, logs, logs
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT) // the fast shutdown
		_ = cmd.Wait()
		_ = logs.Close()
	})
	db, err := sql.Open("pgx", p.dsn())
	require.NoError(t, err)
	defer db.Close()
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return db.PingContext(ctx) == nil
	}, 30*time.Second, 50*time.Millisecond, "PostgreSQL does not answer")
}

// unprivileged returns what makes a process of root run as the user postgres,
// nil for anybody else.
func unprivileged(t testing.TB) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	require.NoError(t, err)
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	require.NoError(t, err)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// dataDir is a folder that another user can reach, unlike t.TempDir.
func dataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hexplane-server-") //nolint:usetesting // TempDir's parents are closed to other users
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// freePort is a loopback port that was free a moment ago.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	addr, ok := l.Addr().(*net.TCPAddr)
	require.True(t, ok)
	return addr.Port
}
