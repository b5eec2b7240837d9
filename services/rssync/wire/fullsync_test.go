package wire_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
	"github.com/hexplane/hexplane/rsmodels"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rssync/domain"
)

// provision fills the house: 5 accounts with a router and two devices each, agent
// packages, router protection. It returns when the backend holds all of it.
func (h *house) provision() (devices, routers []string) {
	h.call(http.StatusCreated, h.agents.URL, "POST /router_agent_packages", fmt.Sprintf(pkg, "p1", true))
	h.call(http.StatusCreated, h.agents.URL, "POST /router_agent_packages", fmt.Sprintf(pkg, "p2", false))
	h.call(http.StatusOK, h.client.URL, "PUT /router-protection",
		`{"enabled":true,"dns_allowed_list":["192.0.2.53"],"allowed_list":["198.51.100.0/24"]}`)
	h.call(http.StatusOK, h.client.URL, "PUT /lan-protection", `{"mode":"strict"}`)
	for n := range 5 {
		h.tell(rsevent.TypeAccountCreated, account(n).AccountID, account(n))
		h.tell(rsevent.TypeDeviceCreated, account(n).AccountID, router(n))
		routers = append(routers, router(n).DeviceID)
		for m := range 2 {
			h.tell(rsevent.TypeDeviceCreated, account(n).AccountID, device(n, m))
			devices = append(devices, device(n, m).DeviceID)
		}
	}
	h.holds(rsmodels.KindDevices, devices...)
	h.holds(rsmodels.KindRouters, routers...)
	h.holds(rsmodels.KindFeatureFlags, routers...)
	h.holds(rsmodels.KindAgentPackages, "p1", "p2")
	h.holds(rsmodels.KindSystem, "router-dns", "router-allowed-ip", "general", "agent-versions", "agent-default")
	for _, id := range routers {
		h.field(rsmodels.KindRouters, id, "target_agent_package", "p1")
	}
	return devices, routers
}

func TestFullSyncReplaysEverything(t *testing.T) {
	h := newHouse(t)
	devices, routers := h.provision()
	before := h.backend.State()
	h.backend.Wipe()

	job := h.startJob()
	h.call(http.StatusConflict, h.sync.URL, "POST /subsystems/rs/full-sync", "")
	view := h.ended(job)
	require.Equal(t, domain.Completed, view.State, "%+v", view)
	assert.Equal(t, before, h.backend.State())

	// 15 devices, 2 packages, 2 lists of them, 2 parts of the settings
	assert.EqualValues(t, 21, view.Counts.OK)
	assert.EqualValues(t, 21, view.Counts.Total)
	assert.Empty(t, view.Failures)
	assert.Empty(t, view.Unavailable)
	levels := map[string]int64{}
	for _, l := range view.Levels {
		levels[l.Service+" "+l.Type+"/"+l.Step] = l.OK
	}
	assert.Equal(t, map[string]int64{
		"rssync SyncAll/system": 1, "rssync SyncAll/agent_packages": 1, "rssync SyncAll/accounts": 1,
		"rsclient SyncSystem/system": 2, "rsclient SyncAccounts/bulks": 3, "rsclient SyncAccountsBulk/devices": 15,
		"rsagents SyncAgentPackages/bulks": 1, "rsagents SyncAgentPackages/versions": 1,
		"rsagents SyncAgentPackages/defaults": 1, "rsagents SyncAgentPackagesBulk/packages": 2,
	}, levels)
	for i, id := range append(devices, routers...) {
		_, body := h.call(http.StatusOK, h.client.URL, fmt.Sprintf("GET /accounts/%s/devices/%s/routersecure", owner(id), id), "")
		assert.Contains(t, body, `"confirmed_is_current":true`, "%d %s", i, body)
	}
	_, list := h.call(http.StatusOK, h.sync.URL, "GET /subsystems/rs/jobs", "")
	assert.Contains(t, list, view.JobID)
	h.call(http.StatusConflict, h.sync.URL, "POST "+job, "")

	again := h.startJob()
	assert.NotEqual(t, job, again)
	require.Equal(t, domain.Completed, h.ended(again).State)
}

// owner is the account of a device of provision.
func owner(deviceID string) string {
	id, _, _ := strings.Cut(deviceID[1:], "-")
	return "a" + id
}

func TestRefusedDocumentsFailTheJobAndNothingElse(t *testing.T) {
	h := newHouse(t)
	devices, routers := h.provision()
	h.backend.Wipe()
	h.gate.answer("/devices/d3-1", http.StatusUnprocessableEntity)
	h.gate.answer("/agent-packages/p2", http.StatusBadRequest)

	view := h.ended(h.startJob())
	require.Equal(t, domain.Failed, view.State)
	assert.EqualValues(t, 19, view.Counts.OK)
	assert.EqualValues(t, 2, view.Counts.Failed)
	subjects := []string{}
	for _, f := range view.Failures {
		if f.Step == "devices" || f.Step == "packages" {
			subjects = append(subjects, f.Subject)
			assert.Equal(t, "invalid_document", f.Code)
		}
	}
	assert.ElementsMatch(t, []string{"d3-1", isp + ":p2"}, subjects)
	var others []string
	for _, id := range devices {
		if id != "d3-1" {
			others = append(others, id)
		}
	}
	h.holds(rsmodels.KindDevices, others...)
	h.holds(rsmodels.KindRouters, routers...)
	h.holds(rsmodels.KindSystem, "router-dns", "router-allowed-ip", "general", "agent-versions", "agent-default")
}

func TestCancelledJobSendsNothingMore(t *testing.T) {
	h := newHouse(t)
	h.provision()
	h.gate.hold("/devices/d0-0")
	job := h.startJob()
	require.Eventually(t, func() bool { return h.gate.waiting("/devices/d0-0") > 0 }, soon, tick)

	h.call(http.StatusNoContent, h.sync.URL, "POST "+job, `{"action":"cancel"}`)
	view := h.ended(job)
	require.Equal(t, domain.Cancelled, view.State)
	h.call(http.StatusConflict, h.sync.URL, "POST "+job, "")
	require.Eventually(t, func() bool { // every level of every service has ended
		for _, l := range h.job(job).Levels {
			if l.InFlight > 0 || l.Growing > 0 {
				return false
			}
		}
		return true
	}, soon, tick)
	h.gate.release("/devices/d0-0")
	require.Eventually(t, func() bool { // the reply that was under way is discarded
		late := int64(0)
		for _, l := range h.job(job).Levels {
			late += l.Late
		}
		return late > 0
	}, soon, tick)

	require.Equal(t, domain.Completed, h.ended(h.startJob()).State, "the next job runs")
	assert.Equal(t, domain.Cancelled, h.job(job).State)
}

func TestDeviceRemovedDuringSyncStaysRemoved(t *testing.T) {
	for name, cancel := range map[string]bool{"to the end": false, "cancelled": true} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			devices, _ := h.provision()
			h.backend.Wipe()
			h.gate.hold("/devices/d0-0")
			job := h.startJob()
			require.Eventually(t, func() bool { return h.gate.waiting("/devices/d0-0") > 0 }, soon, tick)
			// d0-1 waits behind d0-0, whose account it shares; its request is on the bus.
			h.tell(rsevent.TypeDeviceDeleted, "a0", device(0, 1))
			changed := device(0, 0)
			changed.Name = "Renamed"
			h.tell(rsevent.TypeDeviceUpdated, "a0", changed)
			if cancel {
				h.call(http.StatusNoContent, h.sync.URL, "POST "+job, "")
			}
			h.gate.release("/devices/d0-0")
			h.ended(job)
			h.field(rsmodels.KindDevices, "d0-0", "device.name", "Renamed")
			if !cancel {
				var rest []string
				for _, id := range devices {
					if id != "d0-1" {
						rest = append(rest, id)
					}
				}
				h.holds(rsmodels.KindDevices, rest...)
			}
			require.Never(t, func() bool {
				_, there := h.backend.Document(rsmodels.KindDevices, "d0-1")
				return there
			}, 50*tick, tick)
		})
	}
}

func TestJobSurvivesARestart(t *testing.T) {
	services := map[string]func(*house) (stop, start func()){
		"rssync":   func(h *house) (stop, start func()) { return h.sync.Stop, h.startSync },
		"rsclient": func(h *house) (stop, start func()) { return h.client.Stop, h.startClient },
		"rsagents": func(h *house) (stop, start func()) { return h.agents.Stop, h.startAgents },
	}
	held := map[string]string{"rssync": "/devices/d0-0", "rsclient": "/devices/d0-0", "rsagents": "/agent-packages/p1"}
	for name, restart := range services {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.provision()
			before := h.backend.State()
			h.backend.Wipe()
			h.gate.hold(held[name])
			job := h.startJob()
			require.Eventually(t, func() bool { return h.gate.waiting(held[name]) > 0 }, soon, tick)
			stop, start := restart(h)
			stop()
			h.gate.release(held[name])
			start()
			require.Equal(t, domain.Completed, h.ended(job).State)
			assert.Equal(t, before, h.backend.State())
		})
	}
}

func TestAccountThatArrivesDuringSync(t *testing.T) {
	h := newHouse(t)
	devices, _ := h.provision()
	h.backend.Wipe()
	h.gate.hold("/devices/d0-0")
	job := h.startJob()
	require.Eventually(t, func() bool { return h.gate.waiting("/devices/d0-0") > 0 }, soon, tick)
	// Its device comes before itself.
	h.tell(rsevent.TypeDeviceCreated, "a7", device(7, 0))
	h.tell(rsevent.TypeAccountCreated, "a7", account(7))
	h.gate.release("/devices/d0-0")
	require.Equal(t, domain.Completed, h.ended(job).State)
	h.holds(rsmodels.KindDevices, append(devices, "d7-0")...)
}

func TestFullSyncThroughAFaultyBackend(t *testing.T) {
	h := newHouse(t)
	h.provision()
	before := h.backend.State()
	h.backend.Wipe()
	for _, fault := range []hsadmintest.Fault{
		{Status: http.StatusBadGateway},
		{Status: http.StatusInternalServerError, AfterEffect: true},
		{Reset: true},
		{Reset: true, AfterEffect: true},
		{Truncate: true},
	} {
		h.backend.Inject(hsadmintest.Rule{Probability: 0.06, Fault: fault})
	}
	require.Equal(t, domain.Completed, h.ended(h.startJob()).State)
	assert.Equal(t, before, h.backend.State())
}
