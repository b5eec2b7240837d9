package rsmodels_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/rsmodels"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

var update = flag.Bool("update", false, "write the golden files anew")

type builder struct {
	kind, id string
	build    func() (rsmodels.Document, error)
}

func as[D rsmodels.Document](doc D, err error) (rsmodels.Document, error) { return doc, err }

func builders() map[string]builder {
	return map[string]builder{
		"device":            {"devices", "dev-0001", func() (rsmodels.Document, error) { return as(rsmodels.BuildDevice(television())) }},
		"router":            {"routers", "rtr-0001", func() (rsmodels.Document, error) { return as(rsmodels.BuildRouter(router())) }},
		"feature-flags":     {"feature-flags", "rtr-0001", func() (rsmodels.Document, error) { return as(rsmodels.BuildFeatureFlags(flags())) }},
		"agent-package":     {"agent-packages", "pkg-0002", func() (rsmodels.Document, error) { return as(rsmodels.BuildAgentPackage(agentPackages()[0])) }},
		"router-dns":        {"system", "router-dns", func() (rsmodels.Document, error) { return as(rsmodels.BuildRouterDNS(protection())) }},
		"router-allowed-ip": {"system", "router-allowed-ip", func() (rsmodels.Document, error) { return as(rsmodels.BuildRouterAllowedIP(protection())) }},
		"general":           {"system", "general", func() (rsmodels.Document, error) { return as(rsmodels.BuildGeneral(general())) }},
		"agent-versions": {"system", "agent-versions", func() (rsmodels.Document, error) {
			return as(rsmodels.BuildAgentVersions(rsevent.RSAgentsUpdated{ISPID: "isp-north", Packages: agentPackages()}))
		}},
		"agent-default": {"system", "agent-default", func() (rsmodels.Document, error) { return as(rsmodels.BuildAgentDefault(defaults())) }},
	}
}

func flags() rsevent.RSCustomFlagsUpdated {
	return rsevent.RSCustomFlagsUpdated{DeviceID: "rtr-0001", AccountID: "acc-0001", FeatureFlags: router().Device.FeatureFlags}
}

func TestBuildersMatchTheirGoldenFiles(t *testing.T) {
	for name, b := range builders() {
		t.Run(name, func(t *testing.T) {
			doc, err := b.build()
			require.NoError(t, err)
			assert.Equal(t, b.kind, doc.Kind())
			assert.Equal(t, b.id, doc.ID())

			golden := filepath.Join("testdata", "golden", name+".json")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(doc.JSON()+"\n"), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), doc.JSON()+"\n")
		})
	}
}

func TestDocumentsRoundTripExactly(t *testing.T) {
	for name, b := range builders() {
		t.Run(name, func(t *testing.T) {
			doc, err := b.build()
			require.NoError(t, err)
			again, err := b.build()
			require.NoError(t, err)
			assert.Equal(t, doc, again, "the same input gives an equal document")

			parsed, err := rsmodels.Parse(doc.Kind(), doc.ID(), []byte(doc.JSON()))
			require.NoError(t, err)
			assert.Equal(t, doc, parsed, "parsing gives an equal document")

			marshaled, err := json.Marshal(doc)
			require.NoError(t, err)
			assert.Equal(t, doc.JSON(), string(marshaled))
		})
	}
}

func TestBuildersReportEveryViolation(t *testing.T) {
	device := television()
	device.Device.MAC = "02:00:5e:10:00:00:00:01"
	device.Device.ISPID = ""
	device.Device.Name = "bad \xff name"
	device.Device.ActRules = []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`[]`), json.RawMessage(`{"a":1,"a":2}`), nil}
	device.Device.Services.ContentFiltering.BlockingPageURL = new("javascript:alert(1)")
	device.Action = "dance"

	_, err := rsmodels.BuildDevice(device)

	require.ErrorIs(t, err, rsmodels.ErrInvalid)
	var invalid *rsmodels.InvalidError
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, []rsmodels.Violation{
		{Path: "act_rules[1]", Rule: "jsonobject"},
		{Path: "act_rules[2]", Rule: "jsonobject"},
		{Path: "act_rules[3]", Rule: "jsonobject"},
		{Path: "action", Rule: "oneof=block unblock reboot upgrade"},
		{Path: "device.isp_id", Rule: "required"},
		{Path: "device.mac", Rule: "mac48"},
		{Path: "device.name", Rule: "text"},
		{Path: "services.content_filtering.blocking_page_url", Rule: "weburl"},
	}, invalid.Violations)
	assert.NotContains(t, err.Error(), "javascript")
}

func TestBuildersRefuseBadLists(t *testing.T) {
	event := protection()
	event.DNSAllowedList = []string{"9.9.9.9", "9.9.9.9"}
	_, err := rsmodels.BuildRouterDNS(event)
	require.ErrorContains(t, err, "servers: unique")

	event.DNSAllowedList = []string{"9.9.9.9", "dns.example"}
	_, err = rsmodels.BuildRouterDNS(event)
	require.ErrorContains(t, err, "servers[1]: ipaddr")

	event.AllowedList = []string{"10.0.0.0/40", "fe80::1%eth0"}
	_, err = rsmodels.BuildRouterAllowedIP(event)
	require.ErrorContains(t, err, "addresses[0]: ipaddr|iprange; addresses[1]: ipaddr|iprange")

	packages := agentPackages()
	packages[1].AgentPackageID = packages[0].AgentPackageID
	packages[0].SHA256 = "9F86"
	_, err = rsmodels.BuildAgentVersions(rsevent.RSAgentsUpdated{Packages: packages})
	require.ErrorContains(t, err, "packages: unique=AgentPackageID")

	_, err = rsmodels.NewFeatureFlags("", rsmodels.FeatureFlagsSpec{"no spaces": true})
	require.ErrorContains(t, err, "no spaces: token; router_id: required")
}

func TestBuildersRefuseTheWrongKind(t *testing.T) {
	_, err := rsmodels.BuildDevice(router())
	require.ErrorContains(t, err, "device.kind: eq=device")
	_, err = rsmodels.BuildRouter(television())
	require.ErrorContains(t, err, "device.kind: eq=router")
}

func TestDocumentsShareNoMemory(t *testing.T) {
	event := router()
	doc, err := rsmodels.BuildRouter(event)
	require.NoError(t, err)
	before := doc.JSON()

	event.Device.Identifiers[0] = "changed"
	event.Device.UploadIntervals["sessions"] = 1
	spec := doc.Spec()
	spec.Identifiers[0] = "changed"

	assert.Equal(t, before, doc.JSON())
	assert.Equal(t, "SN-20260101-7", doc.Spec().Identifiers[0])
}
