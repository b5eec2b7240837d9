package rsmodels_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/rsmodels"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// hold checks what every parser and builder promises of its result.
func hold[D interface {
	comparable
	rsmodels.Document
}](t *testing.T, doc D, err error) {
	t.Helper()
	var zero D
	if err != nil {
		require.ErrorIs(t, err, rsmodels.ErrInvalid)
		var invalid *rsmodels.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.NotEmpty(t, invalid.Violations)
		require.Equal(t, zero, doc)
		return
	}
	require.NoError(t, satisfies(doc), doc.JSON())
	again, err := rsmodels.Parse(doc.Kind(), doc.ID(), []byte(doc.JSON()))
	require.NoError(t, err, doc.JSON())
	require.Equal(t, rsmodels.Document(doc), again)
	require.LessOrEqual(t, len(doc.JSON()), rsmodels.MaxSystemDocumentSize)
}

func seeds(f *testing.F, kinds ...string) {
	f.Helper()
	for _, b := range builders() {
		doc, err := b.build()
		require.NoError(f, err)
		for _, kind := range kinds {
			if doc.Kind() == kind {
				f.Add(doc.ID(), []byte(doc.JSON()))
			}
		}
	}
}

// fuzzParse fuzzes the parser of a kind.
func fuzzParse(f *testing.F, kind string) {
	f.Helper()
	seeds(f, kind)
	f.Fuzz(func(t *testing.T, id string, data []byte) {
		doc, err := rsmodels.Parse(kind, id, data)
		if err != nil {
			require.ErrorIs(t, err, rsmodels.ErrInvalid)
			return
		}
		require.NoError(t, satisfies(doc), doc.JSON())
		again, err := rsmodels.Parse(kind, doc.ID(), []byte(doc.JSON()))
		require.NoError(t, err)
		assert.Equal(t, doc, again)
		assert.Equal(t, id, doc.ID())
	})
}

func FuzzParseDevice(f *testing.F)       { fuzzParse(f, rsmodels.KindDevices) }
func FuzzParseRouter(f *testing.F)       { fuzzParse(f, rsmodels.KindRouters) }
func FuzzParseFeatureFlags(f *testing.F) { fuzzParse(f, rsmodels.KindFeatureFlags) }
func FuzzParseAgentPackage(f *testing.F) { fuzzParse(f, rsmodels.KindAgentPackages) }
func FuzzParseSystem(f *testing.F)       { fuzzParse(f, rsmodels.KindSystem) }

func FuzzBuildDevice(f *testing.F) {
	d := television().Device
	f.Add(d.DeviceID, d.AccountID, d.ISPID, d.Name, d.MAC, d.Hostname, "https://block.example/", "block", []byte(`{"a":1}`))
	f.Add("", "a/b", "\xff", "\x00", "1:2:3:4:5:6", " ", "http://", "dance", []byte(`[]`))
	f.Fuzz(func(t *testing.T, id, account, isp, name, mac, hostname, page, action string, rule []byte) {
		doc, err := rsmodels.BuildDevice(rsevent.ResolvedDevice{Action: action, Device: rsevent.Device{
			DeviceID: id, AccountID: account, ISPID: isp, Kind: rsevent.KindDevice, Name: name, MAC: mac, Hostname: hostname,
			Services: &rsevent.Services{ContentFiltering: &rsevent.Service{BlockingPageURL: &page}},
			ActRules: []json.RawMessage{rule},
		}})
		hold(t, doc, err)
	})
}

func FuzzBuildRouter(f *testing.F) {
	d := router().Device
	f.Add(d.DeviceID, d.Name, d.MAC, "SN-1", "SN-2", "pkg-1", "sessions", 300, true)
	f.Add("..", "", "", "", "", "\n", "\xff", -1, false)
	f.Fuzz(func(t *testing.T, id, name, mac, first, second, pkg, interval string, seconds int, enabled bool) {
		doc, err := rsmodels.BuildRouter(rsevent.ResolvedDevice{
			TargetAgentPackage: pkg, Enabled: &enabled,
			Device: rsevent.Device{
				DeviceID: id, AccountID: "acc-1", ISPID: "isp-1", Kind: rsevent.KindRouter, Name: name, MAC: mac,
				Identifiers: []string{first, second}, UploadIntervals: map[string]int{interval: seconds},
			},
		})
		hold(t, doc, err)
	})
}

func FuzzBuildFeatureFlags(f *testing.F) {
	f.Add("rtr-1", "wpa3", true, "dns_over_tls")
	f.Add("../rtr", "", false, "\xff")
	f.Fuzz(func(t *testing.T, id, flag string, on bool, other string) {
		doc, err := rsmodels.BuildFeatureFlags(rsevent.RSCustomFlagsUpdated{DeviceID: id, FeatureFlags: map[string]bool{flag: on, other: !on}})
		hold(t, doc, err)
	})
}

func FuzzBuildAgents(f *testing.F) {
	p := agentPackages()[0]
	f.Add(p.AgentPackageID, p.ISPID, p.Target, p.Version, p.URL, p.SHA256, p.Size, p.CreatedAt.Unix(), 0)
	f.Add("", "\xff", " ", "01.2", "https:///", "Z", int64(-1), int64(1)<<62, 999999999)
	f.Fuzz(func(t *testing.T, id, isp, target, version, url, sum string, size, seconds int64, nanos int) {
		pkg := rsevent.AgentPackage{
			AgentPackageID: id, ISPID: isp, Target: target, Version: version, URL: url, SHA256: sum, Size: size,
			CreatedAt: time.Unix(seconds, int64(nanos)),
		}
		doc, err := rsmodels.BuildAgentPackage(pkg)
		hold(t, doc, err)
		versions, err := rsmodels.BuildAgentVersions(rsevent.RSAgentsUpdated{Packages: []rsevent.AgentPackage{pkg, agentPackages()[1]}})
		hold(t, versions, err)
		fallback, err := rsmodels.BuildAgentDefault(rsevent.RSDefaultAgentsUpdated{Defaults: map[string]string{target: id}})
		hold(t, fallback, err)
	})
}

func FuzzBuildRouterProtection(f *testing.F) {
	f.Add("9.9.9.9", "2620:FE::00fe", "10.1.2.3/8", true)
	f.Add("::ffff:1.2.3.4", "fe80::1%eth0", "::ffff:1.2.3.4/120", false)
	f.Fuzz(func(t *testing.T, first, second, third string, enabled bool) {
		event := rsevent.RSRouterProtectionUpdated{Enabled: enabled, DNSAllowedList: []string{first, second}, AllowedList: []string{first, second, third}}
		dns, err := rsmodels.BuildRouterDNS(event)
		hold(t, dns, err)
		allowed, err := rsmodels.BuildRouterAllowedIP(event)
		hold(t, allowed, err)
	})
}

func FuzzBuildGeneral(f *testing.F) {
	f.Add("zone", []byte(`"Europe/Helsinki"`), "n", []byte(`{"b":1e400,"a":[null,1.50]}`))
	f.Add("", []byte(`{"a":1,"a":2}`), "\xff", []byte("\"\xff\""))
	f.Fuzz(func(t *testing.T, name string, value []byte, other string, second []byte) {
		doc, err := rsmodels.BuildGeneral(rsevent.RSSystemUpdated{General: map[string]json.RawMessage{name: value, other: second}})
		hold(t, doc, err)
	})
}
