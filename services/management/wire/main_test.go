package wire_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/hexplane/hexplane/fabric/memcluster"
	"github.com/hexplane/hexplane/internal/service"
	pb "github.com/hexplane/hexplane/management/managementpb"
	fabricd "github.com/hexplane/hexplane/services/fabricd/wire"
	"github.com/hexplane/hexplane/services/management/wire"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		if err := runChild(role); err != nil {
			fmt.Fprintln(os.Stderr, role+":", err)
		}
		os.Exit(1)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"),
		goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"),
		// sarama's circuit breaker sleeps for ten seconds after a broker went away.
		goleak.IgnoreAnyFunction("github.com/eapache/go-resiliency/breaker.(*Breaker).timer"),
	)
}

const patience = time.Minute

// system is management and the fabrics of some clusters in one process, with an
// embedded broker between them.
type system struct {
	env      environment
	conn     *grpc.ClientConn
	ctx      context.Context // carries the operator's key
	clusters map[string]*memcluster.Cluster
	brokers  []string
	stop     func()
}

// environment is what differs between embedded and real servers.
type environment map[string]string

func (e environment) with(more map[string]string) map[string]string {
	all := maps.Clone(more)
	maps.Copy(all, e)
	return all
}

func start(tb testing.TB, env environment, dir string, clusters ...string) *system {
	tb.Helper()
	s := &system{env: env, clusters: map[string]*memcluster.Cluster{}}
	cfg := service.Config{}
	require.NoError(tb, service.Parse(&cfg, env.with(map[string]string{
		"DATA_DIR": dir, "LOG_LEVEL": "ERROR", "ADMIN_ADDR": "127.0.0.1:0",
	})))
	host, err := service.NewHost("demeter", cfg, io.Discard)
	require.NoError(tb, err)
	s.brokers = host.Brokers()

	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	platform, err := host.Platform(tb.Context(), "management")
	require.NoError(tb, err)
	own := wire.Config{}
	require.NoError(tb, service.Parse(&own, env.with(map[string]string{})))
	own.Listener = listener
	manager, err := wire.New(tb.Context(), platform, own)
	require.NoError(tb, err)
	services := []*service.Service{manager}
	for _, id := range clusters {
		services = append(services, s.fabric(tb, host, id))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx, services...) }()

	key, err := os.ReadFile(wire.KeyFile(filepath.Join(dir, "management")))
	require.NoError(tb, err)
	s.ctx = metadata.AppendToOutgoingContext(tb.Context(), "authorization", "Bearer "+strings.TrimSpace(string(key)))
	s.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	require.NoError(tb, err)
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		require.NoError(tb, s.conn.Close())
		cancel()
		require.NoError(tb, <-ended)
	}
	tb.Cleanup(s.stop)
	return s
}

func (s *system) fabric(tb testing.TB, host *service.Host, id string) *service.Service {
	tb.Helper()
	s.clusters[id] = memcluster.New(memcluster.Config{PortKinds: []string{"http"}})
	platform, err := host.Platform(tb.Context(), "fabricd-"+id)
	require.NoError(tb, err)
	cfg := fabricd.Config{}
	require.NoError(tb, service.Parse(&cfg, s.env.with(map[string]string{
		"CLUSTER_ID": id, "CLUSTER_LABELS": "name=" + id, "HEARTBEAT_INTERVAL": "50ms",
	})))
	cfg.Cluster = s.clusters[id]
	svc, err := fabricd.New(tb.Context(), platform, cfg)
	require.NoError(tb, err)
	return svc
}

// approve waits until the cluster has registered, then approves it.
func (s *system) approve(tb testing.TB, id string) {
	tb.Helper()
	require.Eventually(tb, func() bool {
		_, err := pb.NewClusterServiceClient(s.conn).ApproveCluster(s.ctx, &pb.ApproveClusterRequest{ClusterId: id})
		return err == nil
	}, patience, 20*time.Millisecond)
}

func (s *system) createAccount(tb testing.TB, name string) *pb.Account {
	tb.Helper()
	resp, err := pb.NewAccountServiceClient(s.conn).CreateAccount(s.ctx, &pb.CreateAccountRequest{
		Name: name, OwnerEmail: "ops@acme.example", IdempotencyKey: "create " + name,
	})
	require.NoError(tb, err)
	return resp.GetAccount()
}

func (s *system) project(t *testing.T, id string) *pb.Project {
	t.Helper()
	resp, err := pb.NewProjectServiceClient(s.conn).GetProject(s.ctx, &pb.GetProjectRequest{ProjectId: id})
	require.NoError(t, err)
	return resp.GetProject()
}

// awaitReady watches the project until it is ready in all the clusters.
func (s *system) awaitReady(t *testing.T, id string, clusters ...string) *pb.Project {
	t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	stream, err := pb.NewProjectServiceClient(s.conn).WatchProject(ctx, &pb.WatchProjectRequest{ProjectId: id})
	require.NoError(t, err)
	for {
		resp, err := stream.Recv()
		require.NoError(t, err, "last: %v", s.project(t, id))
		ready := 0
		for _, cluster := range clusters {
			if resp.GetProject().GetClusters()[cluster].GetPhase() == "ready" {
				ready++
			}
		}
		if ready == len(clusters) {
			return resp.GetProject()
		}
	}
}

// namespaces returns the projects' namespaces in a cluster.
func (s *system) namespaces(cluster string) []string {
	var own []string
	for _, name := range s.clusters[cluster].Namespaces() {
		if strings.HasPrefix(name, "prj-") {
			own = append(own, name)
		}
	}
	return own
}
