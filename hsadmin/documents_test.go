package hsadmin_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
	"github.com/hexplane/hexplane/rsmodels"
)

// Documents that tests send.

func base(id string) rsmodels.DeviceBase {
	return rsmodels.DeviceBase{Device: rsmodels.Device{
		DeviceID: id, AccountID: "acc-1", ISPID: "isp-1", MAC: "a4:83:e7:00:11:22", Name: "Küche",
	}}
}

func deviceDocument(t testing.TB, id string) rsmodels.DeviceConfiguration {
	t.Helper()
	doc, err := rsmodels.NewDeviceConfiguration(rsmodels.DeviceSpec{DeviceBase: base(id), IsIoT: true})
	require.NoError(t, err)
	return doc
}

func routerDocument(t testing.TB, id string) rsmodels.RouterConfiguration {
	t.Helper()
	doc, err := rsmodels.NewRouterConfiguration(rsmodels.RouterSpec{DeviceBase: base(id), Enabled: true})
	require.NoError(t, err)
	return doc
}

func flagsDocument(t testing.TB, id string) rsmodels.FeatureFlags {
	t.Helper()
	doc, err := rsmodels.NewFeatureFlags(id, rsmodels.FeatureFlagsSpec{"wpa3": true})
	require.NoError(t, err)
	return doc
}

func packageSpec(id string) rsmodels.AgentPackageSpec {
	return rsmodels.AgentPackageSpec{
		AgentPackageID: id, ISPID: "isp-1", Target: "mt7621-openwrt", Version: "4.2.0", URL: "https://agents.example/4.2.0.ipk",
		SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Size: 1, CreatedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func systemDocuments(t testing.TB) map[string]rsmodels.Document {
	t.Helper()
	dns, err := rsmodels.NewSystemRouterDNS(rsmodels.SystemRouterDNSSpec{Enabled: true, Servers: []string{"9.9.9.9"}})
	require.NoError(t, err)
	allowed, err := rsmodels.NewSystemRouterAllowedIP(rsmodels.SystemRouterAllowedIPSpec{Addresses: []string{"10.0.0.0/8"}})
	require.NoError(t, err)
	general, err := rsmodels.NewSystemGeneral(rsmodels.SystemGeneralSpec{"zone": json.RawMessage(`"UTC"`)})
	require.NoError(t, err)
	versions, err := rsmodels.NewSystemAgentVersions(rsmodels.SystemAgentVersionsSpec{Packages: []rsmodels.AgentPackageSpec{packageSpec("pkg-1")}})
	require.NoError(t, err)
	defaults, err := rsmodels.NewSystemAgentDefault(rsmodels.SystemAgentDefaultSpec{Defaults: map[string]string{"mt7621-openwrt": "pkg-1"}})
	require.NoError(t, err)
	return map[string]rsmodels.Document{
		"router-dns": dns, "router-allowed-ip": allowed, "general": general, "agent-versions": versions, "agent-default": defaults,
	}
}

// newBackend starts a backend that wants a certificate, and a client of it.
func newBackend(t testing.TB, change func(*hsadmin.Config)) (*hsadmintest.Backend, *hsadmin.Client) {
	t.Helper()
	backend := hsadmintest.New(hsadmintest.Options{RequireClientCertificate: true})
	server, err := hsadmintest.Serve(backend)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	credentials, err := server.WriteClient(t.TempDir(), "rsadaptor")
	require.NoError(t, err)
	cfg := hsadmin.Config{
		BaseURL: server.URL, Credentials: credentials,
		Retry: hsadmin.RetryConfig{BaseDelay: time.Millisecond, MaxDelay: 5 * time.Millisecond, MaxRetryAfter: 5 * time.Millisecond},
	}
	if change != nil {
		change(&cfg)
	}
	client, err := hsadmin.New(cfg)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return backend, client
}
