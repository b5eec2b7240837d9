package expect_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/fullsync/expect"
	"github.com/hexplane/hexplane/internal/fullsync/input"
)

func on(page string) *input.Filter  { return &input.Filter{Enabled: true, BlockingPageURL: page} }
func off(page string) *input.Filter { return &input.Filter{Enabled: false, BlockingPageURL: page} }

// content makes services that only say something about content filtering.
func content(f *input.Filter) *input.Services { return &input.Services{ContentFiltering: f} }

// The most specific level that says something wins, field by field.
func TestServicesAreResolved(t *testing.T) {
	for _, tc := range []struct {
		name                       string
		isp, account, user, device *input.Services
		enabled                    bool
		page                       string
	}{
		{name: "nobody says anything"},
		{name: "the ISP", isp: content(on("i")), enabled: true, page: "i"},
		{name: "account over ISP", isp: content(on("i")), account: content(off("a")), page: "a"},
		{name: "user over account", account: content(off("a")), user: content(on("u")), enabled: true, page: "u"},
		{name: "device over user", user: content(on("u")), device: content(off("d")), page: "d"},
		{name: "a page from farther up", isp: content(on("i")), account: content(on("")), device: content(off("")), page: "i"},
		{name: "the nearest page", isp: content(on("i")), account: content(off("a")), device: content(on("")), enabled: true, page: "a"},
		{name: "a level silent about this filter", isp: content(on("i")), device: &input.Services{ThreatProtection: off("d")}, enabled: true, page: "i"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := &input.Provider{ISPID: "north", Configuration: input.Configuration{Services: tc.isp}}
			h := &input.Household{
				Account: input.Account{AccountID: "a1", ISPID: "north", Status: "active", Services: tc.account},
				Users:   []input.User{{UserID: "u0"}, {UserID: "u1", Services: tc.user}},
				Devices: []input.Device{{DeviceID: "d1", AccountID: "a1", UserID: "u1", Kind: "device", Services: tc.device}},
			}
			docs, err := expect.Household(p, h)
			require.NoError(t, err)
			assert.Equal(t, map[string]any{"enabled": tc.enabled, "blocking_page_url": tc.page},
				field(t, docs[0].Want, "services", "content_filtering"))
		})
	}
}

func field(t *testing.T, value any, path ...string) any {
	t.Helper()
	for _, name := range path {
		object, ok := value.(map[string]any)
		require.True(t, ok, "%v has no fields", value)
		value = object[name]
	}
	return value
}

func TestSuspendedHouseholds(t *testing.T) {
	h := &input.Household{
		Account: input.Account{AccountID: "a1", Status: "suspended", Products: []string{"RouterSecure"}},
		Devices: []input.Device{{DeviceID: "d1", Kind: "device"}, {DeviceID: "d2", Kind: "router"}},
	}
	docs, err := expect.Household(&input.Provider{ISPID: "north"}, h)
	require.NoError(t, err)
	assert.Equal(t, "block", field(t, docs[0].Want, "action"))
	assert.Equal(t, false, field(t, docs[1].Want, "enabled"))
	assert.NotContains(t, docs[1].Want, "action")
}

func TestRouterDocuments(t *testing.T) {
	p := &input.Provider{ISPID: "north", AgentPackages: []input.AgentPackage{
		{AgentPackageID: "p1", Target: "mips"}, {AgentPackageID: "p2", Target: "mips", Default: true}, {AgentPackageID: "p3", Target: "arm"},
	}}
	h := &input.Household{
		Account: input.Account{AccountID: "a1", Status: "active", Products: []string{"RouterSecure"}},
		Devices: []input.Device{
			{DeviceID: "own", Kind: "router", MAC: "3C:A6:2F:00:00:01", Agent: &input.Agent{Target: "mips"}, FeatureFlags: map[string]bool{"f": true}},
			{DeviceID: "default", Kind: "router", Agent: &input.Agent{Target: "mips"}, UploadIntervals: map[string]int{"events": 60}},
			{DeviceID: "none", Kind: "router", Agent: &input.Agent{Target: "arm"}, Identifiers: []string{"x"}},
		},
		AgentPackages: map[string]string{"own": "p1"},
	}
	docs, err := expect.Household(p, h)
	require.NoError(t, err)
	require.Len(t, docs, 4)
	assert.Equal(t, expect.FeatureFlags, docs[1].Kind)
	assert.Equal(t, map[string]any{"f": true}, docs[1].Want)

	got, err := json.Marshal(docs[0].Want)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"device": {"device_id": "own", "account_id": "", "isp_id": "north", "mac": "3c:a6:2f:00:00:01", "hostname": "", "name": ""},
		"services": {
			"content_filtering": {"enabled": false, "blocking_page_url": ""},
			"threat_protection": {"enabled": false, "blocking_page_url": ""}},
		"enabled": true, "identifiers": [], "target_agent_package": "p1"}`, string(got))
	assert.Equal(t, "p2", field(t, docs[2].Want, "target_agent_package"))
	assert.Equal(t, json.Number("60"), field(t, docs[2].Want, "upload_intervals", "events"))
	assert.NotContains(t, docs[3].Want, "target_agent_package")
	assert.Equal(t, []any{"x"}, field(t, docs[3].Want, "identifiers"))

	h.Account.Products = nil
	docs, err = expect.Household(p, h)
	require.NoError(t, err)
	assert.Equal(t, false, field(t, docs[0].Want, "enabled"), "an account without the product")
}

func TestProviderDocuments(t *testing.T) {
	p := &input.Provider{
		ISPID:            "north",
		RouterProtection: input.RouterProtection{Enabled: true, DNSAllowedList: []string{"9.9.9.9"}, AllowedList: []string{"10.0.0.0/8"}},
		LANProtection:    json.RawMessage(`{"ratio":0.25,"none":null}`),
		AgentPackages:    []input.AgentPackage{{AgentPackageID: "p1", Target: "mips", Version: "1.0.0", URL: "https://x", SHA256: "00", Size: 7, Default: true}},
	}
	docs, err := expect.Provider(p, map[string]string{"p1": "2026-01-02T03:04:05Z"})
	require.NoError(t, err)
	got := map[string]any{}
	for _, doc := range docs {
		assert.Equal(t, "north", doc.ISPID)
		got[doc.Kind+"/"+doc.ID] = doc.Want
	}
	text, err := json.Marshal(got)
	require.NoError(t, err)
	const pkg = `{"agent_package_id":"p1","isp_id":"north","target":"mips","version":"1.0.0","url":"https://x","sha256":"00","size":7,"created_at":"2026-01-02T03:04:05Z"}`
	assert.JSONEq(t, `{
		"system/router-dns": {"enabled": true, "servers": ["9.9.9.9"]},
		"system/router-allowed-ip": {"enabled": true, "addresses": ["10.0.0.0/8"]},
		"system/general": {"lan_protection": {"ratio": 0.25, "none": null}},
		"system/agent-versions": {"packages": [`+pkg+`]},
		"system/agent-default": {"defaults": {"mips": "p1"}},
		"agent-packages/p1": `+pkg+`}`, string(text))
}

func TestWhatIsNotJSONIsReported(t *testing.T) {
	_, err := expect.Provider(&input.Provider{LANProtection: json.RawMessage(`{`)}, nil)
	require.Error(t, err)
	_, err = expect.Household(&input.Provider{}, &input.Household{
		Devices: []input.Device{{DeviceID: "d1", Kind: "device", ActRules: []json.RawMessage{json.RawMessage(`{`)}}},
	})
	assert.Error(t, err)
}
