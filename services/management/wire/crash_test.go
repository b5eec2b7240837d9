package wire_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/hexplane/hexplane/fabric/memcluster"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/management/demeterdb"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

// boundaries of a creation: before and after reserving, writing the old database,
// completing, and sending the event.
const boundaries = 8

// TestCrashAtEveryBoundary kills management, then the broker, with SIGKILL at each
// boundary of the creation of an account and of a project, and goes on either by
// repeating the request or by leaving it to recovery. In the end the old database,
// the state and the cluster agree, and nothing is lost, doubled or half-made.
func TestCrashAtEveryBoundary(t *testing.T) {
	c := newCrashTest(t)
	owner := c.account("owner")
	for n := 1; n <= boundaries; n++ {
		c.round(n, c.management, func(ctx context.Context) error {
			return c.createAccount(ctx, fmt.Sprintf("account %d", n))
		})
		c.round(n, c.management, func(ctx context.Context) error {
			return c.createProject(ctx, owner, fmt.Sprintf("project %d", n))
		})
		c.round(n, c.broker, func(ctx context.Context) error {
			return c.createProject(ctx, owner, fmt.Sprintf("with broker %d", n))
		})
	}
	c.requireAgreement(1+boundaries, 1+boundaries+2*boundaries)
	c.stopFabric() // while the broker is there to leave
}

type crashTest struct {
	*testing.T

	system     *system
	dir        string
	management *child
	broker     *child
	stopFabric func()
}

func newCrashTest(t *testing.T) *crashTest {
	t.Helper()
	c := &crashTest{T: t, dir: t.TempDir()}
	brokerPort, grpcPort := freePort(t), freePort(t)
	brokers := "127.0.0.1:" + brokerPort
	c.broker = &child{test: t, name: "broker", env: []string{
		childRole + "=broker", childPort + "=" + brokerPort, childDir + "=" + filepath.Join(c.dir, "kafka"),
	}}
	c.broker.start()
	require.Equal(t, "ready", c.broker.line())
	c.management = &child{test: t, name: "management", env: []string{
		childRole + "=management", "DATA_DIR=" + c.dir, "KAFKA_BROKERS=" + brokers,
		"GRPC_ADDR=127.0.0.1:" + grpcPort, "ADMIN_ADDR=127.0.0.1:0", "LOG_LEVEL=ERROR",
	}}
	c.management.start(childPauseAt + "=0")
	c.system = &system{clusters: map[string]*memcluster.Cluster{}}
	c.runFabric(brokers)
	c.connect("127.0.0.1:" + grpcPort)
	c.system.approve(t, "paris")
	return c
}

// runFabric runs the fabric of a cluster that outlives the crashes.
func (c *crashTest) runFabric(brokers string) {
	c.Helper()
	cfg := service.Config{}
	require.NoError(c, service.Parse(&cfg, map[string]string{
		"DATA_DIR": c.dir, "LOG_LEVEL": "ERROR", "ADMIN_ADDR": "127.0.0.1:0", "KAFKA_BROKERS": brokers,
	}))
	host, err := service.NewHost("fabrics", cfg, io.Discard)
	require.NoError(c, err)
	svc := c.system.fabric(c.T, host, "paris")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx, svc) }()
	c.stopFabric = sync.OnceFunc(func() {
		cancel()
		assert.NoError(c, <-ended)
	})
	c.Cleanup(c.stopFabric)
}

func (c *crashTest) connect(address string) {
	c.Helper()
	keyFile := filepath.Join(c.dir, "management", "operator.key")
	require.Eventually(c, func() bool {
		key, err := os.ReadFile(keyFile)
		if err != nil || len(key) == 0 {
			return false
		}
		c.system.ctx = metadata.AppendToOutgoingContext(c.Context(), "authorization", "Bearer "+strings.TrimSpace(string(key)))
		return true
	}, patience, 20*time.Millisecond)
	var err error
	c.system.conn, err = grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: time.Second}))
	require.NoError(c, err)
	c.Cleanup(func() { require.NoError(c, c.system.conn.Close()) })
}

// round stops management at boundary n of a creation, kills the victim there,
// brings it back, and finishes: odd boundaries by a repeat, even ones by recovery.
func (c *crashTest) round(n int, victim *child, create func(context.Context) error) {
	c.Helper()
	c.Logf("boundary %d: kill %s", n, victim.name)
	c.management.kill()
	c.startManagement(n)
	answered := make(chan error, 1)
	go func() { answered <- create(metadata.AppendToOutgoingContext(c.system.ctx, marked, "1")) }()
	require.Equal(c, "boundary", c.management.line())
	victim.kill()
	if victim == c.broker {
		c.broker.start()
		require.Equal(c, "ready", c.broker.line())
		c.management.release()
		require.NoError(c, <-answered)
		return
	}
	// An error, or success when only sending was left.
	c.Logf("the caller was told: %v", <-answered)
	c.startManagement(0)
	if n%2 == 1 {
		require.NoError(c, create(c.system.ctx))
	}
}

// startManagement also waits until the connection is to the new process.
func (c *crashTest) startManagement(pauseAt int) {
	c.Helper()
	c.management.start(fmt.Sprintf("%s=%d", childPauseAt, pauseAt))
	require.Eventually(c, func() bool {
		ctx, cancel := context.WithTimeout(c.system.ctx, patience)
		defer cancel()
		_, err := pb.NewClusterServiceClient(c.system.conn).ListClusters(ctx, &pb.ListClustersRequest{})
		return err == nil
	}, patience, 20*time.Millisecond)
}

func (c *crashTest) account(name string) string {
	return c.system.createAccount(c.T, name).GetAccountId()
}

func (c *crashTest) createAccount(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := pb.NewAccountServiceClient(c.system.conn).CreateAccount(ctx, &pb.CreateAccountRequest{
		Name: name, OwnerEmail: "ops@acme.example", IdempotencyKey: name,
	})
	return err
}

func (c *crashTest) createProject(ctx context.Context, account, name string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := pb.NewProjectServiceClient(c.system.conn).CreateProject(ctx, &pb.CreateProjectRequest{
		AccountId: account, Name: name, IdempotencyKey: name,
	})
	return err
}

// requireAgreement waits until everything is ready, then compares the three.
func (c *crashTest) requireAgreement(accounts, projects int) {
	c.Helper()
	listed, err := pb.NewAccountServiceClient(c.system.conn).ListAccounts(c.system.ctx, &pb.ListAccountsRequest{})
	require.NoError(c, err)
	require.Len(c, listed.GetAccounts(), accounts)
	namespaces, ids := map[string]bool{}, map[string]string{}
	for _, a := range listed.GetAccounts() {
		resp, err := pb.NewProjectServiceClient(c.system.conn).ListProjects(c.system.ctx,
			&pb.ListProjectsRequest{AccountId: a.GetAccountId(), ShowDeleted: true})
		require.NoError(c, err)
		for _, p := range resp.GetProjects() {
			namespaces[p.GetNamespace()], ids[p.GetProjectId()] = true, p.GetNamespace()
		}
	}
	require.Len(c, ids, projects)
	for id := range ids {
		c.system.awaitReady(c.T, id, "paris")
	}
	for _, name := range c.system.namespaces("paris") {
		require.True(c, namespaces[name], "%s belongs to no project", name)
	}
	require.Len(c, c.system.namespaces("paris"), projects)

	c.management.kill()
	old, err := demeterdb.Open(c.Context(), demeterdb.Config{Path: filepath.Join(c.dir, "management", "demeter.db")})
	require.NoError(c, err)
	defer old.Close()
	for id, namespace := range ids {
		p, err := old.Project(c.Context(), id)
		require.NoError(c, err)
		require.Equal(c, namespace, p.Namespace)
	}
	oldAccounts, oldProjects, err := old.Counts(c.Context())
	require.NoError(c, err)
	require.Equal(c, []int{accounts, projects}, []int{oldAccounts, oldProjects})
}

// child is a process of this test's binary.
type child struct {
	test  *testing.T
	name  string
	env   []string
	cmd   *exec.Cmd
	out   *bufio.Reader
	stdin io.WriteCloser
}

func (c *child) start(more ...string) {
	c.test.Helper()
	c.cmd = exec.Command(os.Args[0])
	c.cmd.Env = append(append(os.Environ(), c.env...), more...)
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	require.NoError(c.test, err)
	c.out = bufio.NewReader(out)
	c.stdin, err = c.cmd.StdinPipe()
	require.NoError(c.test, err)
	require.NoError(c.test, c.cmd.Start())
	cmd := c.cmd
	c.test.Cleanup(func() { _ = cmd.Process.Kill() })
}

func (c *child) line() string {
	c.test.Helper()
	late := time.AfterFunc(patience, func() { _ = c.cmd.Process.Signal(syscall.SIGQUIT) })
	defer late.Stop()
	text, err := c.out.ReadString('\n')
	require.NoError(c.test, err, "%s ended", c.name)
	return strings.TrimSpace(text)
}

func (c *child) release() {
	_, err := io.WriteString(c.stdin, "\n")
	require.NoError(c.test, err)
}

// kill sends SIGKILL and waits for the end.
func (c *child) kill() {
	require.NoError(c.test, c.cmd.Process.Kill())
	_ = c.cmd.Wait()
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}
