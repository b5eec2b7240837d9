//go:build integration

package wire_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/hexplane/hexplane/internal/fabricdtest"
	"github.com/hexplane/hexplane/internal/realservers"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/internal/sqldb/sqldbtest"
	"github.com/hexplane/hexplane/management"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

// patience bounds how long an effect may take on a busy machine, with a server
// killed meanwhile.
const patience = 2 * time.Minute

// stage is the whole of Demeter: management on PostgreSQL and fabricd on a real
// API server, with the rights of its manifests, each a process of its own; and
// Apache Kafka between them.
type stage struct {
	testing.TB

	cluster fabricdtest.Server
	kafka   *realservers.KafkaBrokers
	oldURL  string // the old Demeter's database

	management, fabricd       *servicetest.Binary
	managementEnv, fabricdEnv []string

	conn *grpc.ClientConn
	ctx  context.Context // carries the operator's key
}

// newStage starts everything and approves the cluster, which is called paris. more
// goes to fabricd's environment.
func newStage(tb testing.TB, more ...string) *stage {
	tb.Helper()
	s := &stage{TB: tb, cluster: fabricdtest.Start(tb), kafka: realservers.Kafka(tb, 1)}
	postgres := realservers.Postgres(tb)
	s.oldURL = sqldbtest.Postgres(tb, postgres)
	key, address := management.NewBootstrapKey().Reveal(), freeAddress(tb)
	brokers := "KAFKA_BROKERS=" + strings.Join(s.kafka.Addrs(), ",")
	s.managementEnv = []string{
		childRole + "=management", brokers, "DATA_DIR=" + tb.TempDir(), "GRPC_ADDR=" + address, "OPERATOR_KEY=" + key,
		"DATABASE_URL=" + sqldbtest.Postgres(tb, postgres), "DEMETER_DATABASE_URL=" + s.oldURL,
		"PROJECTS_PER_ACCOUNT=100000", "RESTORE_WINDOW=1ms",
	}
	s.fabricdEnv = append([]string{
		childRole + "=fabricd", brokers, "DATA_DIR=" + tb.TempDir(), "CLUSTER_ID=paris",
		"KUBECONFIG=" + s.cluster.DaemonKubeconfig(tb), "HEARTBEAT_INTERVAL=500ms",
	}, more...)
	s.management = servicetest.Start(tb, s.managementEnv...)
	s.fabricd = servicetest.Start(tb, s.fabricdEnv...)
	s.connect(address, key)
	s.approve("paris")
	return s
}

func (s *stage) connect(address, key string) {
	s.Helper()
	s.ctx = metadata.AppendToOutgoingContext(s.Context(), "authorization", "Bearer "+key)
	var err error
	s.conn, err = grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: time.Second}))
	require.NoError(s, err)
	s.Cleanup(func() { require.NoError(s, s.conn.Close()) })
}

// stop ends both services in order: neither may have found a race, or anything
// that keeps it from stopping.
func (s *stage) stop() {
	s.Helper()
	s.fabricd.Stop()
	s.management.Stop()
}

// approve waits until the cluster has registered, then approves it.
func (s *stage) approve(cluster string) {
	s.Helper()
	require.Eventually(s, func() bool {
		_, err := pb.NewClusterServiceClient(s.conn).ApproveCluster(s.ctx, &pb.ApproveClusterRequest{ClusterId: cluster})
		return err == nil
	}, patience, 50*time.Millisecond)
}

func (s *stage) createAccount(name string) *pb.Account {
	s.Helper()
	resp, err := pb.NewAccountServiceClient(s.conn).CreateAccount(s.ctx, &pb.CreateAccountRequest{
		Name: name, OwnerEmail: "ops@acme.example", IdempotencyKey: name,
	})
	require.NoError(s, err)
	return resp.GetAccount()
}

func (s *stage) createProject(account, name string) *pb.Project {
	s.Helper()
	resp, err := pb.NewProjectServiceClient(s.conn).CreateProject(s.ctx, &pb.CreateProjectRequest{
		AccountId: account, Name: name, IdempotencyKey: name,
	})
	require.NoError(s, err)
	return resp.GetProject()
}

func (s *stage) project(id string) *pb.Project {
	s.Helper()
	resp, err := pb.NewProjectServiceClient(s.conn).GetProject(s.ctx, &pb.GetProjectRequest{ProjectId: id})
	require.NoError(s, err)
	return resp.GetProject()
}

// awaitReady watches the project until it is ready.
func (s *stage) awaitReady(id string) *pb.Project {
	s.Helper()
	var got *pb.Project
	require.Eventually(s, func() bool {
		got = s.project(id)
		return got.GetClusters()["paris"].GetPhase() == "ready"
	}, patience, 50*time.Millisecond, "project %s", id)
	return got
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer l.Close()
	return l.Addr().String()
}
