package management_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/management"
)

func spec(port int) json.RawMessage { return json.RawMessage(fmt.Sprintf(`{ "port": %d }`, port)) }

func kind(tb testing.TB, w *world) {
	tb.Helper()
	_, err := w.RegisterPortKind(operator(tb.Context()), "http", json.RawMessage(
		`{"type":"object","required":["port"],"properties":{"port":{"type":"integer","minimum":1}}}`))
	require.NoError(tb, err)
}

func TestPortLife(t *testing.T) {
	w := newWorld(t)
	w.cluster(t, "paris", nil)
	kind(t, w)
	a := w.account(t, "acme")
	ctx := as(t.Context(), management.RoleMember, a.ID)
	req := management.NewPort{ProjectID: a.DefaultProjectID, Kind: "http", Spec: spec(80), IdempotencyKey: "k"}
	port, err := w.CreatePort(ctx, req)
	require.NoError(t, err)
	require.EqualValues(t, 2, port.Generation)
	again, err := w.CreatePort(ctx, req)
	require.NoError(t, err)
	require.Equal(t, port, again)

	port, err = w.UpdatePort(ctx, port.ID, spec(81))
	require.NoError(t, err)
	require.EqualValues(t, 3, port.Generation)
	same, err := w.UpdatePort(ctx, port.ID, json.RawMessage(`{"port":81}`))
	require.NoError(t, err)
	require.EqualValues(t, 3, same.Generation, "nothing has changed")

	report := demeterevent.PortState{
		PortID: port.ID, ProjectID: a.DefaultProjectID, ClusterID: "paris",
		Phase: demeterevent.PhaseDegraded, Reason: demeterevent.Reason(demeterevent.CodeKindAbsent, "no http here"),
		ObservedGeneration: 3, ObservedAt: w.clock.Now(),
	}
	require.NoError(t, w.ObservePort(t.Context(), report))
	ports, err := w.ListPorts(ctx, a.DefaultProjectID, management.Page{})
	require.NoError(t, err)
	require.Equal(t, "KindAbsent: no http here", ports[0].States["paris"].Reason)

	port, err = w.DeletePort(ctx, port.ID)
	require.NoError(t, err)
	require.EqualValues(t, 4, port.Generation)
	_, err = w.UpdatePort(ctx, port.ID, spec(82))
	require.ErrorIs(t, err, management.ErrPrecondition)
	report.Phase, report.ObservedGeneration = demeterevent.PhaseGone, 4
	require.NoError(t, w.ObservePort(t.Context(), report))
	_, err = w.GetPort(ctx, port.ID)
	require.ErrorIs(t, err, management.ErrNotFound)
	require.Equal(t, []string{"ProjectCreated", "PortCreated", "PortUpdated", "PortDeleted"}, types(w.events(t)))
}

func TestPortRefusals(t *testing.T) {
	w := newWorld(t, func(c *management.Config) { c.PortsPerProject = 1 })
	kind(t, w)
	a, b := w.account(t, "acme"), w.account(t, "other")
	good := management.NewPort{ProjectID: a.DefaultProjectID, Kind: "http", Spec: spec(80)}
	cases := map[string]struct {
		mutate func(*management.NewPort)
		kind   error
		field  string
	}{
		"unknown kind":     {func(p *management.NewPort) { p.Kind = "ftp" }, management.ErrInvalid, "kind"},
		"not an object":    {func(p *management.NewPort) { p.Spec = json.RawMessage(`[1]`) }, management.ErrInvalid, "spec"},
		"null":             {func(p *management.NewPort) { p.Spec = json.RawMessage(`null`) }, management.ErrInvalid, "spec"},
		"against schema":   {func(p *management.NewPort) { p.Spec = spec(0) }, management.ErrInvalid, "spec.port"},
		"unknown project":  {func(p *management.NewPort) { p.ProjectID = "none" }, management.ErrNotFound, "project_id"},
		"another accounts": {func(p *management.NewPort) { p.ProjectID = b.DefaultProjectID }, management.ErrNotFound, "project_id"},
	}
	ctx := as(t.Context(), management.RoleMember, a.ID)
	before := len(w.events(t))
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			req := good
			tc.mutate(&req)
			_, err := w.CreatePort(ctx, req)
			require.ErrorIs(t, err, tc.kind)
			require.Equal(t, []string{tc.field}, fieldsOf(err))
		})
	}
	require.Len(t, w.events(t), before)
	_, err := w.CreatePort(ctx, good)
	require.NoError(t, err)
	_, err = w.CreatePort(ctx, good)
	require.ErrorIs(t, err, management.ErrQuota)
}

func TestRegisterPortKindRefuses(t *testing.T) {
	w := newWorld(t)
	a := w.account(t, "acme")
	_, err := w.RegisterPortKind(as(t.Context(), management.RoleAdmin, a.ID), "http", json.RawMessage(`{}`))
	require.ErrorIs(t, err, management.ErrDenied)
	_, err = w.RegisterPortKind(operator(t.Context()), "No", json.RawMessage(`{"type":1}`))
	require.Equal(t, []string{"name", "schema"}, fieldsOf(err))
	kind(t, w)
	kinds, err := w.ListPortKinds(as(t.Context(), management.RoleMember, a.ID))
	require.NoError(t, err)
	require.Len(t, kinds, 1)
}
