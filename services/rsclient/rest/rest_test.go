package rest_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/memstore"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/internal/httpapi/httpapitest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
	"github.com/hexplane/hexplane/services/rsclient/rest"
	"github.com/hexplane/hexplane/services/rsclient/store"
	"github.com/hexplane/hexplane/services/rsclient/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const isp = "isp-1"

// fixture is the REST interface over memory, with one household.
type fixture struct {
	t    *testing.T
	api  http.Handler
	docs *docstore.Store
	bus  *docstoretest.Recorder
}

func newFixture(t *testing.T) *fixture {
	bus := &docstoretest.Recorder{}
	docs := docstore.New(docstoretest.NewMemory(), bus, docstore.Config{})
	tables := store.Tables(docs)
	tasks, err := asynctask.NewManager(memstore.New(), bus, asynctask.Config{}, usecase.Definitions(tables, usecase.SyncConfig{
		BulkSize: 10, Bulks: 1, Window: 10, Timeout: time.Minute, Attempts: 1,
	})...)
	require.NoError(t, err)
	push := usecase.NewPush(tasks)
	provision(t, usecase.NewProvisioning(tables, push, time.Now), usecase.NewProviders(tables, push))
	require.NoError(t, docs.Flush(t.Context()))
	bus.Take()
	api := rest.New(slog.New(slog.DiscardHandler), rest.App{
		Settings: usecase.NewSettings(tables), Packages: usecase.NewPackages(tables, push),
		Viewer: usecase.NewViewer(tables), Progress: tasks,
	})
	return &fixture{t: t, api: httpapitest.Conform(t, rest.OpenAPI, api), docs: docs, bus: bus}
}

func provision(t *testing.T, p *usecase.Provisioning, providers *usecase.Providers) {
	ctx, rev := context.Background(), domain.Revision{At: time.Now(), Event: "e"}
	require.NoError(t, p.SaveAccount(ctx, rsevent.Account{
		AccountID: "a1", ISPID: isp, Name: "H", Status: rsevent.AccountActive, Products: []string{rsevent.ProductRouterSecure},
	}, rev))
	for id, kind := range map[string]string{"r1": rsevent.KindRouter, "d1": rsevent.KindDevice} {
		require.NoError(t, p.SaveDevice(ctx, rsevent.Device{
			DeviceID: id, AccountID: "a1", Kind: kind, Name: "N", MAC: "a4:83:e7:00:00:01", Agent: &rsevent.Agent{Target: "mips"},
		}, rev))
	}
	require.NoError(t, providers.SaveAgents(ctx, rsevent.RSAgentsUpdated{ISPID: isp, Packages: []rsevent.AgentPackage{
		{AgentPackageID: "p1", Target: "mips"}, {AgentPackageID: "p2", Target: "arm"},
	}}, rev))
}

func (f *fixture) call(want int, target, body string) httpapitest.Response {
	f.t.Helper()
	res := httpapitest.Call(f.t, f.api, target, isp, body)
	require.Equal(f.t, want, res.Status, "%s: %s", target, res.Body)
	return res
}

func (f *fixture) told() []string {
	f.t.Helper()
	require.NoError(f.t, f.docs.Flush(f.t.Context()))
	defer f.bus.Take()
	return f.bus.Types()
}

func TestSettingsAreKeptAndTold(t *testing.T) {
	f := newFixture(t)
	protection := []string{rsevent.TypeRSRouterProtectionUpdated}
	assert.JSONEq(t, `{"enabled":false,"dns_allowed_list":[],"allowed_list":[]}`, f.call(200, "GET /router-protection", "").Body)

	f.call(200, "PUT /router-protection", `{"enabled":true,"dns_allowed_list":["192.0.2.1","2001:db8::1"]}`)
	assert.Equal(t, protection, f.told())
	f.call(200, "PUT /router-protection/allowed-list", `{"allowed_list":["198.51.100.0/24","192.0.2.7"]}`)
	assert.Equal(t, protection, f.told())
	f.call(200, "PUT /router-protection/allowed-list", `{"allowed_list":["198.51.100.0/24","192.0.2.7"]}`)
	assert.Empty(t, f.told(), "the same again")
	want := `{"enabled":true,"dns_allowed_list":["192.0.2.1","2001:db8::1"],"allowed_list":["198.51.100.0/24","192.0.2.7"]}`
	assert.JSONEq(t, want, f.call(200, "GET /router-protection", "").Body)
	f.call(200, "PUT /router-protection", `{"enabled":true}`)
	assert.JSONEq(t, want, f.call(200, "GET /router-protection", "").Body, "lists left out stay")
	f.call(200, "PUT /router-protection/dns-allowed-list", `{"dns_allowed_list":[]}`)
	assert.JSONEq(t, `{"dns_allowed_list":[]}`, f.call(200, "GET /router-protection/dns-allowed-list", "").Body)
	assert.JSONEq(t, `{"allowed_list":["198.51.100.0/24","192.0.2.7"]}`, f.call(200, "GET /router-protection/allowed-list", "").Body)
	f.told()

	for _, path := range []string{"/lan-protection", "/advanced-configuration"} {
		assert.JSONEq(t, `{}`, f.call(200, "GET "+path, "").Body)
		f.call(200, "PUT "+path, `{"mode":{"deep":[1,2]}}`)
		assert.JSONEq(t, `{"mode":{"deep":[1,2]}}`, f.call(200, "GET "+path, "").Body)
		assert.Equal(t, []string{rsevent.TypeRSSystemUpdated}, f.told())
	}
	other := httpapitest.Call(t, f.api, "GET /lan-protection", "isp-2", "")
	assert.JSONEq(t, `{}`, other.Body, "another provider's")
}

func TestPackagesAndViews(t *testing.T) {
	f := newFixture(t)
	const put = "PUT /subsystems/rs/router_agent_packages/p1"
	f.call(204, put, `{"device_ids":["r1"]}`)
	view := f.call(200, "GET /accounts/a1/devices/r1/routersecure", "").Body
	assert.Contains(t, view, `"target_agent_package":"p1"`)
	assert.Contains(t, view, `"enabled":true`)
	assert.NotContains(t, view, "confirmed_at")
	f.call(409, "DELETE /router_agent_packages/references/p1", "")
	f.call(204, put, `{"device_ids":[]}`)
	f.call(204, "DELETE /router_agent_packages/references/p1", "")
	f.call(404, put, `{"device_ids":["r1"]}`)

	f.call(404, "GET /accounts/a1/devices/none/routersecure", "")
	f.call(404, "GET /accounts/a2/devices/d1/routersecure", "")
	other := httpapitest.Call(t, f.api, "GET /accounts/a1/devices/d1/routersecure", "isp-2", "")
	assert.Equal(t, http.StatusNotFound, other.Status, "another provider's")

	assert.JSONEq(t, `{"levels":[],"failures":[]}`, f.call(200, "GET /jobs/none/progress", "").Body)
}

func TestRefusals(t *testing.T) {
	const packages = "PUT /subsystems/rs/router_agent_packages/p1"
	tests := map[string]struct {
		target, body string
		fields       []string
	}{
		"not said whether":     {"PUT /router-protection", `{}`, []string{"enabled"}},
		"no address":           {"PUT /router-protection", `{"enabled":true,"dns_allowed_list":["192.0.2.1","x"]}`, []string{"dns_allowed_list[1]"}},
		"range of DNS servers": {"PUT /router-protection/dns-allowed-list", `{"dns_allowed_list":["192.0.2.0/24"]}`, []string{"dns_allowed_list[0]"}},
		"twice":                {"PUT /router-protection/allowed-list", `{"allowed_list":["192.0.2.1","192.0.2.1"]}`, []string{"allowed_list"}},
		"no list":              {"PUT /router-protection/allowed-list", `{}`, []string{"allowed_list"}},
		"unknown field":        {"PUT /router-protection", `{"enabled":true,"on":1}`, []string{"on"}},
		"no object":            {"PUT /lan-protection", `[1]`, []string{""}},
		"no devices":           {packages, `{}`, []string{"device_ids"}},
		"device twice":         {packages, `{"device_ids":["r1","r1"]}`, []string{"device_ids"}},
		"no router":            {packages, `{"device_ids":["r1","d1"]}`, []string{"device_ids[1]"}},
		"unknown device":       {packages, `{"device_ids":["r9"]}`, []string{"device_ids[0]"}},
		"another target":       {"PUT /subsystems/rs/router_agent_packages/p2", `{"device_ids":["r1"]}`, []string{"device_ids[0]"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			assert.Equal(t, tt.fields, f.call(http.StatusBadRequest, tt.target, tt.body).Fields(t))
			assert.Empty(t, f.told())
		})
	}
}
