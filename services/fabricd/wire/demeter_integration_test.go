//go:build integration

package wire_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/management/demeterdb"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

// TestDemeterOnRealServers follows the three sequence diagrams, one after the
// other, from RPC to the API server and back, and then a project to its end.
func TestDemeterOnRealServers(t *testing.T) {
	s := newStage(t)
	account := s.createAccount("acme")
	first := s.awaitReady(account.GetDefaultProjectId())
	s.requireNamespace(first)

	shop := s.awaitReady(s.createProject(account.GetAccountId(), "Web Shop").GetProjectId())
	require.Regexp(t, `^prj-web-shop-[a-z2-7]{6}$`, shop.GetNamespace())
	require.EqualValues(t, 1, shop.GetClusters()["paris"].GetObservedGeneration())
	s.requireNamespace(shop)

	s.portFlow(shop)
	s.deletion(shop)
	s.requireOld(1, 1)
	s.requireNamespace(s.project(first.GetProjectId()))
	s.stop()
}

// get reads an object as the administrator.
func (s *stage) get(kind fabric.Kind, namespace, name string) (fabric.Object, error) {
	return s.cluster.Cluster(s, s.cluster.Admin).Get(s.Context(), fabric.Ref{Kind: kind, Namespace: namespace, Name: name})
}

// requireNamespace checks a project's namespace and its whole baseline.
func (s *stage) requireNamespace(p *pb.Project) {
	s.Helper()
	namespace, err := s.get(fabric.KindNamespace, "", p.GetNamespace())
	require.NoError(s, err)
	labels := map[string]string{
		demeterevent.LabelManagedBy: demeterevent.ManagedByFabric,
		demeterevent.LabelProjectID: p.GetProjectId(), demeterevent.LabelAccountID: p.GetAccountId(),
	}
	require.Subset(s, namespace.Labels, labels)
	require.False(s, namespace.Deleting)
	part := func(kind fabric.Kind, name string) map[string]any {
		obj, err := s.get(kind, p.GetNamespace(), name)
		require.NoError(s, err)
		require.Subset(s, obj.Labels, labels, kind.Name)
		return obj.Fields
	}
	spec := func(kind fabric.Kind, name string) map[string]any { return part(kind, name)["spec"].(map[string]any) }
	require.Subset(s, spec(fabric.KindResourceQuota, "demeter-baseline")["hard"], map[string]any{"pods": "50"})
	require.Len(s, spec(fabric.KindLimitRange, "demeter-baseline")["limits"], 1)
	require.Equal(s, []any{"Ingress", "Egress"}, spec(fabric.KindNetworkPolicy, "demeter-default-deny")["policyTypes"])
	subjects := part(fabric.KindRoleBinding, "demeter-account-edit")["subjects"].([]any)
	require.Equal(s, "demeter:account:"+p.GetAccountId(), subjects[0].(map[string]any)["name"])
}

// portFlow creates, changes and deletes a port; another is of a kind that the
// cluster does not serve.
func (s *stage) portFlow(p *pb.Project) {
	s.Helper()
	ports := pb.NewPortServiceClient(s.conn)
	for _, kind := range []string{"http", "ftp"} {
		_, err := ports.RegisterPortKind(s.ctx, &pb.RegisterPortKindRequest{Name: kind, Schema: &structpb.Struct{}})
		require.NoError(s, err)
	}
	served := s.createPort(p, "http", 80)
	s.awaitPort(served, "ready", 80)
	absent := s.createPort(p, "ftp", 21)
	require.Eventually(s, func() bool {
		resp, err := ports.GetPort(s.ctx, &pb.GetPortRequest{PortId: absent})
		require.NoError(s, err)
		state := resp.GetPort().GetClusters()["paris"]
		return state.GetPhase() == "degraded" && strings.HasPrefix(state.GetReason(), string(demeterevent.CodeKindAbsent))
	}, patience, 50*time.Millisecond)

	_, err := ports.UpdatePort(s.ctx, &pb.UpdatePortRequest{PortId: served, Spec: portSpec(s, 8080)})
	require.NoError(s, err)
	s.awaitPort(served, "ready", 8080)
	_, err = ports.DeletePort(s.ctx, &pb.DeletePortRequest{PortId: served})
	require.NoError(s, err)
	require.Eventually(s, func() bool {
		_, err := ports.GetPort(s.ctx, &pb.GetPortRequest{PortId: served})
		return status.Code(err) == codes.NotFound
	}, patience, 50*time.Millisecond)
	_, err = s.get(fabric.PortKind("http"), p.GetNamespace(), served)
	require.ErrorIs(s, err, fabric.ErrNotFound)
}

func portSpec(s *stage, number int) *structpb.Struct {
	s.Helper()
	spec, err := structpb.NewStruct(map[string]any{"port": number})
	require.NoError(s, err)
	return spec
}

func (s *stage) createPort(p *pb.Project, kind string, number int) string {
	s.Helper()
	resp, err := pb.NewPortServiceClient(s.conn).CreatePort(s.ctx, &pb.CreatePortRequest{
		ProjectId: p.GetProjectId(), Kind: kind, Spec: portSpec(s, number),
	})
	require.NoError(s, err)
	return resp.GetPort().GetPortId()
}

// awaitPort waits until management says that the port is in the phase, and the
// cluster has it as given.
func (s *stage) awaitPort(id, phase string, number int) {
	s.Helper()
	require.Eventually(s, func() bool {
		resp, err := pb.NewPortServiceClient(s.conn).GetPort(s.ctx, &pb.GetPortRequest{PortId: id})
		require.NoError(s, err)
		p := resp.GetPort()
		if p.GetClusters()["paris"].GetPhase() != phase {
			return false
		}
		obj, err := s.get(fabric.PortKind("http"), s.project(p.GetProjectId()).GetNamespace(), id)
		require.NoError(s, err)
		return obj.Fields["spec"].(map[string]any)["port"] == int64(number)
	}, patience, 50*time.Millisecond)
}

// deletion deletes a project: it goes from the cluster, which confirms that,
// from the state and from the old database.
func (s *stage) deletion(p *pb.Project) {
	s.Helper()
	projects := pb.NewProjectServiceClient(s.conn)
	_, err := projects.DeleteProject(s.ctx, &pb.DeleteProjectRequest{ProjectId: p.GetProjectId()})
	require.NoError(s, err)
	require.Eventually(s, func() bool {
		_, err := projects.GetProject(s.ctx, &pb.GetProjectRequest{ProjectId: p.GetProjectId()})
		return status.Code(err) == codes.NotFound
	}, patience, 50*time.Millisecond)
	_, err = s.get(fabric.KindNamespace, "", p.GetNamespace())
	require.ErrorIs(s, err, fabric.ErrNotFound, "management forgot the project, so the cluster confirmed it gone")
}

// requireOld waits until the old database has as many accounts and projects.
func (s *stage) requireOld(accounts, projects int) {
	s.Helper()
	old, err := demeterdb.Open(s.Context(), demeterdb.Config{URL: s.oldURL})
	require.NoError(s, err)
	defer old.Close()
	require.Eventually(s, func() bool {
		gotAccounts, gotProjects, err := old.Counts(s.Context())
		require.NoError(s, err)
		return accounts == gotAccounts && projects == gotProjects
	}, patience, 50*time.Millisecond)
}
