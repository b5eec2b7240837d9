package management_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/managementtest"
	"github.com/hexplane/hexplane/internal/portschema"
	"github.com/hexplane/hexplane/management"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a service over stores in memory.
type world struct {
	*management.Service

	state   *managementtest.State
	demeter *managementtest.Demeter
	clock   *managementtest.Clock
	cfg     management.Config
}

func newWorld(tb testing.TB, adjust ...func(*management.Config)) *world {
	tb.Helper()
	w := &world{
		state: managementtest.NewState(), demeter: managementtest.NewDemeter(), clock: managementtest.NewClock(),
	}
	w.cfg = management.Config{Now: w.clock.Now}
	for _, f := range adjust {
		f(&w.cfg)
	}
	w.Service = management.New(w.state, w.demeter, portschema.New(), w.cfg)
	return w
}

func operator(ctx context.Context) context.Context {
	return management.WithPrincipal(ctx, management.Principal{KeyID: "op", Role: management.RoleOperator})
}

func as(ctx context.Context, role management.Role, accountID string) context.Context {
	return management.WithPrincipal(ctx, management.Principal{
		KeyID: string(role) + " of " + accountID, Role: role, AccountID: accountID,
	})
}

func (w *world) account(tb testing.TB, name string) management.Account {
	tb.Helper()
	a, err := w.CreateAccount(operator(tb.Context()), management.NewAccount{Name: name, OwnerEmail: "ops@acme.example"})
	require.NoError(tb, err)
	return a
}

func (w *world) project(tb testing.TB, accountID, name string) management.ProjectView {
	tb.Helper()
	p, err := w.CreateProject(operator(tb.Context()), management.NewProject{AccountID: accountID, Name: name})
	require.NoError(tb, err)
	return p
}

// cluster registers and approves a cluster and sends it its snapshot.
func (w *world) cluster(tb testing.TB, id string, labels map[string]string) {
	tb.Helper()
	w.beat(tb, id, labels)
	_, err := w.ApproveCluster(operator(tb.Context()), id, nil)
	require.NoError(tb, err)
	require.NoError(tb, w.Sweep(tb.Context()))
}

func (w *world) beat(tb testing.TB, id string, labels map[string]string) {
	tb.Helper()
	require.NoError(tb, w.ObserveHeartbeat(tb.Context(), demeterevent.Heartbeat{
		ClusterID: id, Version: "test", Labels: labels, SentAt: w.clock.Now(),
	}))
}

func (w *world) report(tb testing.TB, p management.Project, cluster string, phase demeterevent.Phase) {
	tb.Helper()
	require.NoError(tb, w.ObserveNamespace(tb.Context(), demeterevent.NamespaceState{
		ProjectID: p.ID, ClusterID: cluster, Namespace: p.Namespace, Phase: phase,
		ObservedGeneration: p.Generation, ObservedAt: w.clock.Now(),
	}))
}

// event is what went to the event topic, decoded.
type event struct {
	Type        string   `json:"-"`
	ID          string   `json:"project_id"`
	PortID      string   `json:"port_id"`
	Generation  int64    `json:"generation"`
	Clusters    []string `json:"clusters"`
	SnapshotFor string   `json:"snapshot_for"`
}

func (w *world) events(tb testing.TB) []event {
	tb.Helper()
	var all []event
	for _, msg := range w.state.Published() {
		require.Equal(tb, demeterevent.EventTopic, msg.Topic)
		e := event{Type: msg.EventType}
		require.NoError(tb, json.Unmarshal(msg.Payload, &e))
		require.Equal(tb, e.ID, msg.Key, "events are keyed by project")
		all = append(all, e)
	}
	return all
}

func fieldsOf(err error) []string {
	var refused *management.Error
	var fields []string
	if asError(err, &refused) {
		for _, v := range refused.Violations {
			fields = append(fields, v.Field)
		}
	}
	return fields
}
