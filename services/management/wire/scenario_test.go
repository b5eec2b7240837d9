package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

// TestRPCAccountCreationFlow: User → RPC driver → management → old database →
// state → event → namespace in every cluster.
func TestRPCAccountCreationFlow(t *testing.T) { rpcAccountCreationFlow(t, nil) }

func rpcAccountCreationFlow(t *testing.T, env environment) {
	t.Helper()
	s := start(t, env, t.TempDir(), "paris", "tokyo")
	s.approve(t, "paris")
	s.approve(t, "tokyo")

	account := s.createAccount(t, "acme")
	require.NotEmpty(t, account.GetDefaultProjectId())
	project := s.awaitReady(t, account.GetDefaultProjectId(), "paris", "tokyo")
	for id := range s.clusters {
		require.Equal(t, []string{project.GetNamespace()}, s.namespaces(id), id)
		require.EqualValues(t, 1, project.GetClusters()[id].GetObservedGeneration())
	}
	again := s.createAccount(t, "acme")
	require.Equal(t, account.GetAccountId(), again.GetAccountId(), "the same idempotency key")
}

// TestRPCProjectCreationFlow: User → RPC driver → management → old database →
// state → event; then the project's further life, to its end.
func TestRPCProjectCreationFlow(t *testing.T) { rpcProjectCreationFlow(t, nil) }

func rpcProjectCreationFlow(t *testing.T, env environment) {
	t.Helper()
	s := start(t, env, t.TempDir(), "paris", "tokyo")
	s.approve(t, "paris")
	s.approve(t, "tokyo")
	account := s.createAccount(t, "acme")
	projects := pb.NewProjectServiceClient(s.conn)
	resp, err := projects.CreateProject(s.ctx, &pb.CreateProjectRequest{
		AccountId: account.GetAccountId(), Name: "Web Shop", IdempotencyKey: "k",
	})
	require.NoError(t, err)
	project := s.awaitReady(t, resp.GetProject().GetProjectId(), "paris", "tokyo")
	require.Regexp(t, `^prj-web-shop-[a-z2-7]{6}$`, project.GetNamespace())

	namespace, err := s.clusters["paris"].Get(t.Context(), fabric.Ref{Kind: fabric.KindNamespace, Name: project.GetNamespace()})
	require.NoError(t, err)
	require.Equal(t, project.GetProjectId(), namespace.Labels[demeterevent.LabelProjectID])
	require.Equal(t, account.GetAccountId(), namespace.Labels[demeterevent.LabelAccountID])

	_, err = projects.UpdateProject(s.ctx, &pb.UpdateProjectRequest{
		ProjectId: project.GetProjectId(), Placement: &pb.Placement{Labels: map[string]string{"name": "tokyo"}},
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		states := s.project(t, project.GetProjectId()).GetClusters()
		_, inParis := states["paris"]
		return !inParis && states["tokyo"].GetPhase() == "ready"
	}, patience, 20*time.Millisecond)
	require.NotContains(t, s.namespaces("paris"), project.GetNamespace())
}

// TestFabricResourceCreationFlow: Kafka → fabric driver → daemon → cluster →
// state event → management's state, for a namespace and for ports.
func TestFabricResourceCreationFlow(t *testing.T) { fabricResourceCreationFlow(t, nil) }

func fabricResourceCreationFlow(t *testing.T, env environment) {
	t.Helper()
	s := start(t, env, t.TempDir(), "paris")
	s.approve(t, "paris")
	account := s.createAccount(t, "acme")
	s.awaitReady(t, account.GetDefaultProjectId(), "paris")

	ports := pb.NewPortServiceClient(s.conn)
	schema, err := structpb.NewStruct(map[string]any{"type": "object"})
	require.NoError(t, err)
	for _, kind := range []string{"http", "ftp"} {
		_, err := ports.RegisterPortKind(s.ctx, &pb.RegisterPortKindRequest{Name: kind, Schema: schema})
		require.NoError(t, err)
	}
	create := func(kind string) *pb.Port {
		spec, err := structpb.NewStruct(map[string]any{"port": 80})
		require.NoError(t, err)
		resp, err := ports.CreatePort(s.ctx, &pb.CreatePortRequest{ProjectId: account.GetDefaultProjectId(), Kind: kind, Spec: spec})
		require.NoError(t, err)
		return resp.GetPort()
	}
	reaches := func(id, phase string) *pb.ClusterState {
		var state *pb.ClusterState
		require.Eventually(t, func() bool {
			resp, err := ports.GetPort(s.ctx, &pb.GetPortRequest{PortId: id})
			require.NoError(t, err)
			state = resp.GetPort().GetClusters()["paris"]
			return state.GetPhase() == phase
		}, patience, 20*time.Millisecond)
		return state
	}
	served := create("http")
	reaches(served.GetPortId(), "ready")
	absent := reaches(create("ftp").GetPortId(), "degraded")
	require.Contains(t, absent.GetReason(), string(demeterevent.CodeKindAbsent))

	_, err = ports.DeletePort(s.ctx, &pb.DeletePortRequest{PortId: served.GetPortId()})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := ports.GetPort(s.ctx, &pb.GetPortRequest{PortId: served.GetPortId()})
		return status.Code(err) == codes.NotFound
	}, patience, 20*time.Millisecond)
}

// TestLateClusterCatchesUp: a cluster that joins later gets what is there.
func TestLateClusterCatchesUp(t *testing.T) { lateClusterCatchesUp(t, nil) }

func lateClusterCatchesUp(t *testing.T, env environment) {
	t.Helper()
	s := start(t, env, t.TempDir(), "paris", "late")
	s.approve(t, "paris")
	account := s.createAccount(t, "acme")
	s.awaitReady(t, account.GetDefaultProjectId(), "paris")
	require.Empty(t, s.namespaces("late"), "not approved yet")
	s.approve(t, "late")
	s.awaitReady(t, account.GetDefaultProjectId(), "paris", "late")
}

// TestRestart: what was accepted before a stop is there after it.
func TestRestart(t *testing.T) { restart(t, nil) }

func restart(t *testing.T, env environment) {
	t.Helper()
	dir := t.TempDir()
	s := start(t, env, dir, "paris")
	s.approve(t, "paris")
	account := s.createAccount(t, "acme")
	s.awaitReady(t, account.GetDefaultProjectId(), "paris")
	s.stop()
	s = start(t, env, dir, "paris")
	require.Equal(t, "ready", s.project(t, account.GetDefaultProjectId()).GetClusters()["paris"].GetPhase())
	require.Equal(t, account.GetAccountId(), s.createAccount(t, "acme").GetAccountId(), "the key is remembered")
}

// TestMalformedReport: it becomes a dead letter with the reason, and the next
// one is applied.
func TestMalformedReport(t *testing.T) { malformedReport(t, nil) }

func malformedReport(t *testing.T, env environment) {
	t.Helper()
	s := start(t, env, t.TempDir())
	client, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.AllowAutoTopicCreation(),
		kgo.ConsumeTopics(demeterevent.StateTopic+".management.dlq"))
	require.NoError(t, err)
	defer client.Close()
	produce := func(eventType string, payload any) {
		raw, err := json.Marshal(map[string]any{
			"id": "x", "event_type": eventType, "payload": payload, "trace_id": map[string]string{}, "timestamp": time.Now(),
		})
		require.NoError(t, err)
		record := &kgo.Record{
			Topic: demeterevent.StateTopic, Key: []byte("oslo"), Value: raw,
			Headers: []kgo.RecordHeader{{Key: "event_type", Value: []byte(eventType)}},
		}
		require.NoError(t, client.ProduceSync(t.Context(), record).FirstErr())
	}
	produce(demeterevent.ClusterHeartbeat, map[string]any{"cluster_id": "Not A Label", "sent_at": time.Now()})
	produce(demeterevent.ClusterHeartbeat, map[string]any{"cluster_id": "oslo", "sent_at": time.Now()})
	s.approve(t, "oslo")

	var dead *kgo.Record
	for dead == nil {
		fetches := client.PollFetches(t.Context())
		require.NoError(t, fetches.Err0())
		if records := fetches.Records(); len(records) > 0 {
			dead = records[0]
		}
	}
	headers := map[string]string{}
	for _, h := range dead.Headers {
		headers[h.Key] = string(h.Value)
	}
	require.NotEmpty(t, headers["dlq_reason"])
	require.Contains(t, string(dead.Value), "Not A Label")
}

// TestDeletionToTheEnd: a deleted project with a port goes from the cluster, the
// state and the old database, and its name is free again.
func TestDeletionToTheEnd(t *testing.T) { deletionToTheEnd(t, nil) }

func deletionToTheEnd(t *testing.T, env environment) {
	t.Helper()
	s := start(t, env.with(map[string]string{"RESTORE_WINDOW": "1ms"}), t.TempDir(), "paris")
	s.approve(t, "paris")
	account := s.createAccount(t, "acme")
	projects, ports := pb.NewProjectServiceClient(s.conn), pb.NewPortServiceClient(s.conn)
	_, err := ports.RegisterPortKind(s.ctx, &pb.RegisterPortKindRequest{Name: "http", Schema: &structpb.Struct{}})
	require.NoError(t, err)
	create := func() string {
		resp, err := projects.CreateProject(s.ctx, &pb.CreateProjectRequest{AccountId: account.GetAccountId(), Name: "shop"})
		require.NoError(t, err)
		return resp.GetProject().GetProjectId()
	}
	id := create()
	namespace := s.awaitReady(t, id, "paris").GetNamespace()
	_, err = ports.CreatePort(s.ctx, &pb.CreatePortRequest{ProjectId: id, Kind: "http", Spec: &structpb.Struct{}})
	require.NoError(t, err)

	_, err = projects.DeleteProject(s.ctx, &pb.DeleteProjectRequest{ProjectId: id})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := projects.GetProject(s.ctx, &pb.GetProjectRequest{ProjectId: id})
		return status.Code(err) == codes.NotFound
	}, patience, 20*time.Millisecond)
	require.NotContains(t, s.namespaces("paris"), namespace)
	require.Eventually(t, func() bool { // the old database follows
		_, err := projects.CreateProject(s.ctx, &pb.CreateProjectRequest{AccountId: account.GetAccountId(), Name: "shop"})
		return err == nil
	}, patience, 100*time.Millisecond)
}
