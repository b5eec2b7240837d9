package grpcapi_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/managementtest"
	"github.com/hexplane/hexplane/internal/portschema"
	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/grpcapi"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a served service over stores in memory, and a connection to it.
type rig struct {
	svc   *management.Service
	state *managementtest.State
	conn  *grpc.ClientConn
	key   management.Secret
	stop  func()
}

func serve(t *testing.T, cfg grpcapi.Config, creds credentials.TransportCredentials) *rig {
	t.Helper()
	r := &rig{state: managementtest.NewState(), key: management.NewBootstrapKey()}
	r.svc = management.New(r.state, managementtest.NewDemeter(), portschema.New(), management.Config{})
	require.NoError(t, r.svc.Bootstrap(t.Context(), r.key))
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	server := grpcapi.New(r.svc, cfg)
	server.SetServing(true)
	go func() { ended <- server.Serve(ctx, listener) }()
	stopped := false
	r.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-ended)
		}
	}
	r.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(creds))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, r.conn.Close())
		r.stop()
	})
	return r
}

func plain(t *testing.T) *rig {
	t.Helper()
	return serve(t, grpcapi.Config{}, insecure.NewCredentials())
}

func with(ctx context.Context, key management.Secret) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key.Reveal())
}

func (r *rig) operator(ctx context.Context) context.Context { return with(ctx, r.key) }

func (r *rig) account(t *testing.T, name string) *pb.Account {
	t.Helper()
	resp, err := pb.NewAccountServiceClient(r.conn).CreateAccount(r.operator(t.Context()),
		&pb.CreateAccountRequest{Name: name, OwnerEmail: "ops@acme.example", IdempotencyKey: name})
	require.NoError(t, err)
	return resp.GetAccount()
}

// refusal returns the code and the fields that a call was refused for.
func refusal(err error) (codes.Code, []string) {
	st := status.Convert(err)
	var fields []string
	for _, detail := range st.Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		}
	}
	return st.Code(), fields
}

func TestEveryService(t *testing.T) {
	r := plain(t)
	ctx := r.operator(t.Context())
	a := r.account(t, "acme")
	require.NoError(t, r.svc.ObserveHeartbeat(t.Context(), demeterevent.Heartbeat{
		ClusterID: "paris", Labels: map[string]string{"region": "eu"}, Version: "v1", SentAt: time.Now(),
	}))
	clusters := pb.NewClusterServiceClient(r.conn)
	approved, err := clusters.ApproveCluster(ctx, &pb.ApproveClusterRequest{ClusterId: "paris"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"region": "eu"}, approved.GetCluster().GetLabels())
	listed, err := clusters.ListClusters(ctx, &pb.ListClustersRequest{})
	require.NoError(t, err)
	require.Equal(t, "v1", listed.GetClusters()[0].GetVersion())

	projects := pb.NewProjectServiceClient(r.conn)
	made, err := projects.CreateProject(ctx, &pb.CreateProjectRequest{
		AccountId: a.GetAccountId(), Name: "shop", Placement: map[string]string{"region": "eu"},
	})
	require.NoError(t, err)
	p := made.GetProject()
	require.Equal(t, "pending", p.GetClusters()["paris"].GetPhase())
	all, err := projects.ListProjects(ctx, &pb.ListProjectsRequest{AccountId: a.GetAccountId(), PageSize: 1})
	require.NoError(t, err)
	require.Len(t, all.GetProjects(), 1)
	all, err = projects.ListProjects(ctx, &pb.ListProjectsRequest{AccountId: a.GetAccountId(), PageToken: all.GetNextPageToken()})
	require.NoError(t, err)
	require.Equal(t, "shop", all.GetProjects()[0].GetName())
	require.Empty(t, all.GetNextPageToken())
	protect := true
	updated, err := projects.UpdateProject(ctx, &pb.UpdateProjectRequest{ProjectId: p.GetProjectId(), DeletionProtection: &protect})
	require.NoError(t, err)
	require.True(t, updated.GetProject().GetDeletionProtection())
	_, err = projects.DeleteProject(ctx, &pb.DeleteProjectRequest{ProjectId: p.GetProjectId()})
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	protect = false
	_, err = projects.UpdateProject(ctx, &pb.UpdateProjectRequest{
		ProjectId: p.GetProjectId(), DeletionProtection: &protect, Placement: &pb.Placement{},
	})
	require.NoError(t, err)
	_, err = projects.DeleteProject(ctx, &pb.DeleteProjectRequest{ProjectId: p.GetProjectId()})
	require.NoError(t, err)
	restored, err := projects.RestoreProject(ctx, &pb.RestoreProjectRequest{ProjectId: p.GetProjectId()})
	require.NoError(t, err)
	require.Nil(t, restored.GetProject().GetDeletedAt())

	trail, err := pb.NewAuditServiceClient(r.conn).ListAuditEntries(ctx, &pb.ListAuditEntriesRequest{AccountId: a.GetAccountId()})
	require.NoError(t, err)
	require.Equal(t, "account.create", trail.GetEntries()[0].GetAction())
	require.Equal(t, "acme", trail.GetEntries()[0].GetAfter().GetStructValue().GetFields()["name"].GetStringValue())
}

func TestPorts(t *testing.T) {
	r := plain(t)
	ctx := r.operator(t.Context())
	a := r.account(t, "acme")
	ports := pb.NewPortServiceClient(r.conn)
	schema := structure(t, map[string]any{"type": "object", "required": []any{"port"}})
	_, err := ports.RegisterPortKind(ctx, &pb.RegisterPortKindRequest{Name: "http", Schema: schema})
	require.NoError(t, err)
	kinds, err := ports.ListPortKinds(ctx, &pb.ListPortKindsRequest{})
	require.NoError(t, err)
	require.Len(t, kinds.GetKinds(), 1)

	_, err = ports.CreatePort(ctx, &pb.CreatePortRequest{ProjectId: a.GetDefaultProjectId(), Kind: "http", Spec: structure(t, nil)})
	code, fields := refusal(err)
	require.Equal(t, codes.InvalidArgument, code)
	require.Equal(t, []string{"spec"}, fields)

	made, err := ports.CreatePort(ctx, &pb.CreatePortRequest{
		ProjectId: a.GetDefaultProjectId(), Kind: "http", Spec: structure(t, map[string]any{"port": 80}),
	})
	require.NoError(t, err)
	id := made.GetPort().GetPortId()
	_, err = ports.UpdatePort(ctx, &pb.UpdatePortRequest{PortId: id, Spec: structure(t, map[string]any{"port": 81})})
	require.NoError(t, err)
	got, err := ports.GetPort(ctx, &pb.GetPortRequest{PortId: id})
	require.NoError(t, err)
	require.InDelta(t, 81, got.GetPort().GetSpec().AsMap()["port"], 0)
	all, err := ports.ListPorts(ctx, &pb.ListPortsRequest{ProjectId: a.GetDefaultProjectId()})
	require.NoError(t, err)
	require.Len(t, all.GetPorts(), 1)
	_, err = ports.DeletePort(ctx, &pb.DeletePortRequest{PortId: id})
	require.NoError(t, err)
	_, err = ports.GetPort(ctx, &pb.GetPortRequest{PortId: id})
	require.Equal(t, codes.NotFound, status.Code(err), "in no cluster, so gone at once")
}

func structure(t *testing.T, m map[string]any) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(m)
	require.NoError(t, err)
	return s
}

func TestBadInputNamesCodeAndField(t *testing.T) {
	r := plain(t)
	a := r.account(t, "taken")
	accounts, projects := pb.NewAccountServiceClient(r.conn), pb.NewProjectServiceClient(r.conn)
	sent := len(r.state.Published())
	cases := map[string]struct {
		call   func(ctx context.Context) error
		code   codes.Code
		fields []string
	}{
		"name and email": {func(ctx context.Context) error {
			_, err := accounts.CreateAccount(ctx, &pb.CreateAccountRequest{})
			return err
		}, codes.InvalidArgument, []string{"name", "owner_email"}},
		"duplicate": {func(ctx context.Context) error {
			_, err := accounts.CreateAccount(ctx, &pb.CreateAccountRequest{Name: "Taken", OwnerEmail: "a@b.example"})
			return err
		}, codes.AlreadyExists, []string{"name"}},
		"key reused": {func(ctx context.Context) error {
			_, err := accounts.CreateAccount(ctx, &pb.CreateAccountRequest{Name: "x", OwnerEmail: "a@b.example", IdempotencyKey: "taken"})
			return err
		}, codes.InvalidArgument, []string{"idempotency_key"}},
		"unknown account": {func(ctx context.Context) error {
			_, err := projects.CreateProject(ctx, &pb.CreateProjectRequest{AccountId: "none", Name: "x"})
			return err
		}, codes.NotFound, []string{"account_id"}},
		"unknown project": {func(ctx context.Context) error {
			_, err := projects.GetProject(ctx, &pb.GetProjectRequest{ProjectId: "none"})
			return err
		}, codes.NotFound, []string{"project_id"}},
		"default project": {func(ctx context.Context) error {
			_, err := projects.DeleteProject(ctx, &pb.DeleteProjectRequest{ProjectId: a.GetDefaultProjectId()})
			return err
		}, codes.FailedPrecondition, []string{"project_id"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			code, fields := refusal(tc.call(r.operator(t.Context())))
			require.Equal(t, tc.code, code)
			require.Equal(t, tc.fields, fields)
		})
	}
	require.Len(t, r.state.Published(), sent)
}

func TestKeys(t *testing.T) {
	r := plain(t)
	a, b := r.account(t, "a"), r.account(t, "b")
	keys, accounts := pb.NewAccessServiceClient(r.conn), pb.NewAccountServiceClient(r.conn)
	get := func(ctx context.Context, id string) codes.Code {
		_, err := accounts.GetAccount(ctx, &pb.GetAccountRequest{AccountId: id})
		return status.Code(err)
	}
	require.Equal(t, codes.Unauthenticated, get(t.Context(), a.GetAccountId()), "no key")
	require.Equal(t, codes.Unauthenticated, get(with(t.Context(), "dmk_x_y"), a.GetAccountId()), "wrong key")

	made, err := keys.CreateKey(r.operator(t.Context()), &pb.CreateKeyRequest{
		Name: "ci", AccountId: a.GetAccountId(), Role: "admin", ExpiresAt: timestamppb.New(time.Now().Add(time.Hour)),
	})
	require.NoError(t, err)
	admin := with(t.Context(), management.Secret(made.GetSecret()))
	require.Equal(t, codes.OK, get(admin, a.GetAccountId()))
	require.Equal(t, codes.NotFound, get(admin, b.GetAccountId()), "another account's id")
	_, err = accounts.CreateAccount(admin, &pb.CreateAccountRequest{Name: "c", OwnerEmail: "a@b.example"})
	require.Equal(t, codes.PermissionDenied, status.Code(err))
	all, err := keys.ListKeys(admin, &pb.ListKeysRequest{AccountId: a.GetAccountId()})
	require.NoError(t, err)
	require.Len(t, all.GetKeys(), 1)
	_, err = keys.RevokeKey(admin, &pb.RevokeKeyRequest{KeyId: made.GetKey().GetKeyId()})
	require.NoError(t, err)
	require.Equal(t, codes.Unauthenticated, get(admin, a.GetAccountId()), "revoked at once")
	_, err = keys.CreateKey(r.operator(t.Context()), &pb.CreateKeyRequest{Name: "x", Role: "operator"})
	_, fields := refusal(err)
	require.Equal(t, []string{"expires_at"}, fields)
}

func TestWatchEndsWithTheServer(t *testing.T) {
	r := plain(t)
	a := r.account(t, "acme")
	stream, err := pb.NewProjectServiceClient(r.conn).WatchProject(r.operator(t.Context()),
		&pb.WatchProjectRequest{ProjectId: a.GetDefaultProjectId()})
	require.NoError(t, err)
	first, err := stream.Recv()
	require.NoError(t, err)
	require.Equal(t, a.GetDefaultProjectId(), first.GetProject().GetProjectId())
	_, err = pb.NewProjectServiceClient(r.conn).UpdateProject(r.operator(t.Context()), &pb.UpdateProjectRequest{
		ProjectId: a.GetDefaultProjectId(), Placement: &pb.Placement{Labels: map[string]string{"x": "y"}},
	})
	require.NoError(t, err)
	second, err := stream.Recv()
	require.NoError(t, err)
	require.EqualValues(t, 2, second.GetProject().GetGeneration())
	r.stop()
	_, err = stream.Recv()
	require.Equal(t, codes.Unavailable, status.Code(err))
}

// TestWatchEndedByItsCallerIsNoError: most watches end by a deadline or by leaving.
func TestWatchEndedByItsCallerIsNoError(t *testing.T) {
	for want, end := range map[codes.Code]func(context.Context) (context.Context, context.CancelFunc){
		codes.Canceled: context.WithCancel,
		codes.DeadlineExceeded: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		},
	} {
		t.Run(want.String(), func(t *testing.T) {
			var log syncBuffer
			r := serve(t, grpcapi.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, insecure.NewCredentials())
			a := r.account(t, "acme")
			ctx, cancel := end(r.operator(t.Context()))
			defer cancel()
			stream, err := pb.NewProjectServiceClient(r.conn).WatchProject(ctx,
				&pb.WatchProjectRequest{ProjectId: a.GetDefaultProjectId()})
			require.NoError(t, err)
			_, err = stream.Recv()
			require.NoError(t, err)
			if want == codes.Canceled {
				cancel()
			}
			_, err = stream.Recv()
			require.Equal(t, want, status.Code(err))
			r.stop()
			require.Empty(t, log.String())
		})
	}
}

// syncBuffer is a log that handlers of several calls write.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestWatchNeedsAKey(t *testing.T) {
	r := plain(t)
	stream, err := pb.NewProjectServiceClient(r.conn).WatchProject(t.Context(), &pb.WatchProjectRequest{ProjectId: "x"})
	require.NoError(t, err)
	_, err = stream.Recv()
	require.Equal(t, codes.Unauthenticated, status.Code(err))
}

func TestHealthAndReflectionNeedNoKey(t *testing.T) {
	r := plain(t)
	check, err := healthpb.NewHealthClient(r.conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, healthpb.HealthCheckResponse_SERVING, check.GetStatus())

	stream, err := reflectionpb.NewServerReflectionClient(r.conn).ServerReflectionInfo(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
	}))
	answer, err := stream.Recv()
	require.NoError(t, err)
	require.NoError(t, stream.CloseSend())
	var names []string
	for _, s := range answer.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	require.Contains(t, names, "demeter.management.v1.ProjectService")
	_, err = stream.Recv()
	require.Error(t, err)
}

// slow is a state that waits for the end of its context.
type slow struct{ management.StateStore }

func (slow) View(ctx context.Context, _ func(context.Context, management.Tx) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestCallsWithoutDeadlineGetOne(t *testing.T) {
	svc := management.New(slow{}, managementtest.NewDemeter(), portschema.New(), management.Config{})
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	server := grpcapi.New(svc, grpcapi.Config{DefaultTimeout: 10 * time.Millisecond})
	go func() { ended <- server.Serve(ctx, listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	_, err = pb.NewAccountServiceClient(conn).GetAccount(with(t.Context(), "dmk_x_y"), &pb.GetAccountRequest{})
	require.Equal(t, codes.DeadlineExceeded, status.Code(err))
	require.NoError(t, conn.Close())
	cancel()
	require.NoError(t, <-ended)
}
