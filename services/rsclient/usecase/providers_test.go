package usecase_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
	"github.com/hexplane/hexplane/services/rsclient/usecase"
)

func (f *fixture) configure(services *rsevent.Services, rev domain.Revision) {
	f.t.Helper()
	e := rsevent.ISPGlobalConfigurations{ISPID: isp, Configuration: rsevent.ISPConfiguration{Services: services}}
	f.ok(f.providers.SaveConfiguration(f.t.Context(), e, rev))
}

func (f *fixture) defaults(defaults map[string]string, rev domain.Revision) {
	f.t.Helper()
	f.ok(f.providers.SaveDefaults(f.t.Context(), rsevent.RSDefaultAgentsUpdated{ISPID: isp, Defaults: defaults}, rev))
}

func (f *fixture) offer(packages map[string]string, rev domain.Revision) {
	f.t.Helper()
	e := rsevent.RSAgentsUpdated{ISPID: isp}
	for id, target := range packages {
		e.Packages = append(e.Packages, rsevent.AgentPackage{AgentPackageID: id, Target: target})
	}
	f.ok(f.providers.SaveAgents(f.t.Context(), e, rev))
}

// pushes takes the pushes that were started, by their type.
func (f *fixture) pushes() []string {
	var types []string
	for _, opt := range f.tasks.started {
		types = append(types, opt.Type)
	}
	f.tasks.started = nil
	return types
}

func TestISPSettingsThatChangeDevicesPushThem(t *testing.T) {
	f := newFixture(t)
	whole := []string{usecase.TaskSyncAccounts}
	f.configure(nil, at(10))
	assert.Empty(t, f.pushes(), "nothing follows from an empty configuration")
	f.configure(filtering(true), at(12))
	assert.Equal(t, whole, f.pushes())
	f.configure(filtering(false), at(11))
	assert.Empty(t, f.pushes(), "stale")
	f.configure(filtering(true), at(13))
	assert.Empty(t, f.pushes(), "the same")
	f.configure(filtering(true), at(13))
	first := f.tasks.started
	assert.Equal(t, whole, f.pushes(), "redelivered: the push may not have been started")
	assert.Equal(t, "push/"+at(13).Event, first[0].RequestID, "and is started once for an event")

	f.defaults(map[string]string{"mips": "p1"}, at(20))
	assert.Equal(t, whole, f.pushes())
	f.defaults(map[string]string{"mips": "p1"}, at(21))
	assert.Empty(t, f.pushes(), "replayed by a full sync: the same")
	f.defaults(map[string]string{}, at(19))
	assert.Empty(t, f.pushes(), "stale")
	f.defaults(map[string]string{}, at(22))
	assert.Equal(t, whole, f.pushes())
}

func TestDeviceChangedWhileISPSettingsChange(t *testing.T) {
	f := newFixture(t)
	f.ok(f.SaveAccount(t.Context(), account(), f.news()))
	f.tables.Devices = meddler[domain.Device]{f.tables.Devices, func() { f.configure(filtering(true), f.news()) }}
	racing := usecase.NewProvisioning(f.tables, usecase.NewPush(f.tasks), f.time)
	f.ok(racing.SaveDevice(t.Context(), phone(), f.news()))
	assert.Contains(t, f.pushes(), usecase.TaskSyncAccountsBulk, "the account is pushed once more")
}

func TestAssociations(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.ok(f.SaveAccount(ctx, account(), f.news()))
	second := router(func(d *rsevent.Device) { d.DeviceID = "r2" })
	for _, d := range []rsevent.Device{router(), second, phone()} {
		f.ok(f.SaveDevice(ctx, d, f.news()))
	}
	f.offer(map[string]string{"p1": "mips", "p2": "mips", "p3": "arm"}, f.news())
	f.defaults(map[string]string{"mips": "p1"}, f.news())
	f.pushes()

	target := func(id string) string {
		view, err := f.viewer.Device(ctx, isp, "a1", id)
		require.NoError(t, err)
		return view.TargetAgentPackage
	}
	f.ok(f.packages.Associate(ctx, isp, "p2", []string{"r1"}))
	assert.Equal(t, []string{usecase.TaskSyncAccountsBulk}, f.pushes())
	assert.Equal(t, []string{"p2", "p1"}, []string{target("r1"), target("r2")})
	f.ok(f.packages.Associate(ctx, isp, "p2", []string{"r2"}))
	assert.Equal(t, []string{"p1", "p2"}, []string{target("r1"), target("r2")}, "exactly those named")

	var device *usecase.DeviceError
	for id, reason := range map[string]string{"d1": "is not a router", "r9": "is not a known device"} {
		require.ErrorAs(t, f.packages.Associate(ctx, isp, "p2", []string{"r1", id}), &device)
		assert.Equal(t, usecase.DeviceError{Index: 1, Reason: reason}, *device)
	}
	require.ErrorAs(t, f.packages.Associate(ctx, isp, "p3", []string{"r1"}), &device)
	assert.Equal(t, "does not run agents for arm", device.Reason)
	require.ErrorIs(t, f.packages.Associate(ctx, isp, "p9", []string{"r1"}), usecase.ErrUnknownPackage)
	require.ErrorIs(t, f.packages.Associate(ctx, "isp-2", "p2", []string{"r1"}), usecase.ErrUnknownPackage)

	require.ErrorIs(t, f.packages.Forget(ctx, isp, "p1"), usecase.ErrInUse, "a default")
	require.ErrorIs(t, f.packages.Forget(ctx, isp, "p2"), usecase.ErrInUse, "a router runs it")
	f.ok(f.packages.Associate(ctx, isp, "p2", []string{}))
	f.ok(f.packages.Forget(ctx, isp, "p2"))
	require.ErrorIs(t, f.packages.Associate(ctx, isp, "p2", []string{"r1"}), usecase.ErrUnknownPackage)
	f.ok(f.packages.Forget(ctx, isp, "p2"))
}

func TestRemovedRouterNoLongerRefersToItsPackage(t *testing.T) {
	f := newFixture(t)
	f.ok(f.SaveAccount(t.Context(), account(), f.news()))
	f.ok(f.SaveDevice(t.Context(), router(), f.news()))
	f.offer(map[string]string{"p1": "mips"}, f.news())
	f.ok(f.packages.Associate(t.Context(), isp, "p1", []string{"r1"}))
	f.ok(f.DeleteDevice(t.Context(), router(), f.news()))
	f.ok(f.packages.Forget(t.Context(), isp, "p1"))
}

func TestSettingsTellOnlyWhatChanged(t *testing.T) {
	f := newFixture(t)
	change := func(change func(*domain.Settings)) []string {
		_, err := f.settings.Change(t.Context(), isp, change)
		require.NoError(t, err)
		return f.told()
	}
	protection := []string{rsevent.TypeRSRouterProtectionUpdated + ":"}
	system := []string{rsevent.TypeRSSystemUpdated + ":"}
	assert.Equal(t, protection, change(func(s *domain.Settings) { s.RouterProtection = true }))
	assert.Empty(t, change(func(s *domain.Settings) { s.RouterProtection = true }))
	assert.Empty(t, change(func(s *domain.Settings) { s.AllowedList = []string{} }))
	assert.Equal(t, protection, change(func(s *domain.Settings) { s.AllowedList = []string{"192.0.2.1"} }))
	assert.Equal(t, system, change(func(s *domain.Settings) {
		s.LANProtection = map[string]json.RawMessage{"mode": json.RawMessage(`"strict"`)}
	}))
	settings, err := f.settings.Get(t.Context(), isp)
	require.NoError(t, err)
	general, err := settings.System(isp)
	require.NoError(t, err)
	raw, err := json.Marshal(general)
	require.NoError(t, err)
	assert.JSONEq(t, `{"isp_id":"isp-1","general":{"lan_protection":{"mode":"strict"}}}`, string(raw))
}
