//go:build integration

package wire_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/management/demeterdb"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

var crashEvery = flag.Int("crash.every", 10, "do one in so many of the crashes; 1: kill each process at each boundary")

// boundaries of a creation in the fabric: before and after the record, the
// namespace, the four objects of the baseline, and the report.
const boundaries = 14

// TestCrashOnRealServers kills fabricd, the broker and management with SIGKILL at
// the boundaries of the creation of an account or a project in the cluster, starts
// the victim again and has the rest go on. In the end the old database, the state
// and the cluster agree, and nothing is lost, doubled or half-made.
func TestCrashOnRealServers(t *testing.T) {
	keeper := newKeeper(t)
	s := newStage(t, childGate+"="+keeper.listener.Addr().String())
	owner := s.createAccount("owner")
	s.awaitReady(owner.GetDefaultProjectId())
	accounts, projects := 1, 1

	for _, r := range rounds() {
		keeper.holdNext(r.boundary)
		name := fmt.Sprintf("%s at %d", r.victim, r.boundary)
		var id string
		if projects++; projects%2 == 0 {
			accounts++
			id = s.createAccount(name).GetDefaultProjectId()
		} else {
			id = s.createProject(owner.GetAccountId(), name).GetProjectId()
		}
		held := keeper.await(t)
		t.Logf("kill %s %s", r.victim, held.boundary)
		s.kill(r.victim)
		_ = held.Close()
		s.requireNamespace(s.awaitReady(id))
	}
	s.requireAgreement(accounts, projects)
	s.stop()
}

// round is who is killed when fabricd comes to which boundary.
type round struct {
	victim   string
	boundary int
}

func rounds() []round {
	victims := []string{"fabricd", "broker", "management"}
	var all []round
	for n := 1; n <= boundaries; n++ {
		for _, victim := range victims {
			all = append(all, round{victim, n})
		}
	}
	var some []round
	for i := 0; i < len(all); i += max(1, *crashEvery) {
		some = append(some, all[i])
	}
	return some
}

// kill ends the victim as a crash does, and starts it again.
func (s *stage) kill(victim string) {
	s.Helper()
	switch victim {
	case "fabricd":
		s.fabricd.Kill()
		s.fabricd = servicetest.Start(s, s.fabricdEnv...)
	case "management":
		s.management.Kill()
		s.management = servicetest.Start(s, s.managementEnv...)
	default:
		s.kafka.Kill(0)
		s.kafka.Start(s, 0)
		s.kafka.Ready(s)
	}
}

// requireAgreement compares the old database, the state and the cluster.
func (s *stage) requireAgreement(accounts, projects int) {
	s.Helper()
	s.requireOld(accounts, projects)
	old, err := demeterdb.Open(s.Context(), demeterdb.Config{URL: s.oldURL})
	require.NoError(s, err)
	defer old.Close()

	listed, err := pb.NewAccountServiceClient(s.conn).ListAccounts(s.ctx, &pb.ListAccountsRequest{PageSize: 1000})
	require.NoError(s, err)
	require.Len(s, listed.GetAccounts(), accounts)
	inState := map[string]string{} // project by namespace
	for _, a := range listed.GetAccounts() {
		resp, err := pb.NewProjectServiceClient(s.conn).ListProjects(s.ctx,
			&pb.ListProjectsRequest{AccountId: a.GetAccountId(), ShowDeleted: true, PageSize: 1000})
		require.NoError(s, err)
		for _, p := range resp.GetProjects() {
			inState[p.GetNamespace()] = p.GetProjectId()
			s.requireNamespace(p)
			inOld, err := old.Project(s.Context(), p.GetProjectId())
			require.NoError(s, err)
			require.Equal(s, p.GetNamespace(), inOld.Namespace)
		}
	}
	require.Len(s, inState, projects)
	require.Equal(s, inState, s.namespaces())
	require.Len(s, s.records(), projects)
}

// namespaces returns the cluster's projects by namespace.
func (s *stage) namespaces() map[string]string {
	s.Helper()
	found, err := s.cluster.Resource(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, "").
		List(s.Context(), metav1.ListOptions{LabelSelector: demeterevent.LabelProjectID})
	require.NoError(s, err)
	out := map[string]string{}
	for _, item := range found.Items {
		out[item.GetName()] = item.GetLabels()[demeterevent.LabelProjectID]
	}
	return out
}

// records returns the daemon's records.
func (s *stage) records() []fabric.Object {
	s.Helper()
	var out []fabric.Object
	for obj, err := range s.cluster.Cluster(s, s.cluster.Admin).List(s.Context(), fabric.KindConfigMap, "demeter-system") {
		require.NoError(s, err)
		out = append(out, obj)
	}
	return out
}
