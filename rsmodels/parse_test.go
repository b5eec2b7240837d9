package rsmodels_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/rsmodels"
)

const flagsKind = rsmodels.KindFeatureFlags

func TestParseIsStrict(t *testing.T) {
	doc, err := rsmodels.BuildDevice(television())
	require.NoError(t, err)
	good := doc.JSON()
	with := func(old, replacement string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, replacement, 1)
	}

	for name, tc := range map[string]struct {
		data string
		want string
	}{
		"unknown field":      {with(`"is_iot":true`, `"is_iot":true,"color":"red"`), "color: unknown field"},
		"nested unknown":     {with(`"hostname"`, `"x":{"y":[1]},"hostname"`), "device.x: unknown field"},
		"other letter case":  {with(`"is_iot"`, `"Is_IoT"`), "Is_IoT: unknown field; is_iot: required"},
		"repeated field":     {with(`"is_iot":true`, `"is_iot":true,"is_iot":false`), "is_iot: repeated"},
		"missing field":      {with(`"is_iot":true,`, ``), "is_iot: required"},
		"null":               {with(`"is_iot":true`, `"is_iot":null`), "is_iot: not null"},
		"null list":          {with(`"act_rules":[`, `"act_rules":null,"z":[`), "act_rules: not null"},
		"wrong type":         {with(`"is_iot":true`, `"is_iot":"yes"`), "is_iot: type=boolean"},
		"object for a text":  {with(`"dev-0001"`, `{"id":1}`), "device.device_id: type=string"},
		"text for an object": {`"hello"`, "type=object"},
		"MAC in capitals":    {with("a4:83:e7", "A4:83:E7"), "device.mac: mac48"},
		"trailing data":      {good + "{}", ": json"},
		"not JSON":           {"{", ": json"},
		"empty":              {"", ": json"},
		"not UTF-8":          {with("tv-living-room", "tv\xff"), ": utf8"},
		"control characters": {with("tv-living-room", `tv\u0007`), "device.hostname: text"},
		"too deep":           {with(`"days":`, `"deep":`+strings.Repeat("[", 70)+strings.Repeat("]", 70)+`,"days":`), "depth<64"},
		"both shape and rules": {
			with(`"is_iot":true`, `"is_iot":3,"action":"dance"`), "action: oneof=block unblock reboot upgrade; action: repeated; is_iot: type=boolean",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rsmodels.ParseDeviceConfiguration([]byte(tc.data))
			require.ErrorIs(t, err, rsmodels.ErrInvalid)
			if name != "both shape and rules" {
				assert.ErrorContains(t, err, tc.want)
				return
			}
			for want := range strings.SplitSeq(tc.want, "; ") {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestParseChecksTheRestOfTheTypes(t *testing.T) {
	doc, err := rsmodels.BuildAgentPackage(agentPackages()[0])
	require.NoError(t, err)

	for old, tc := range map[string][2]string{
		`1843200`:                {`1.5`, "size: type=integer"},
		`"2026-03-01T10:00:00Z"`: {`"yesterday"`, "created_at: rfc3339"},
		`"4.2.0"`:                {`"four"`, "version: semver"},
		`"9f86`:                  {`"9F86`, "sha256: sha256"},
		`https://agents`:         {`https://user:secret@agents`, "url: weburl"},
	} {
		require.Contains(t, doc.JSON(), old)
		_, err := rsmodels.ParseAgentPackage([]byte(strings.Replace(doc.JSON(), old, tc[0], 1)))
		require.ErrorContains(t, err, tc[1])
	}
}

func TestParseChecksThePlace(t *testing.T) {
	doc, err := rsmodels.BuildDevice(television())
	require.NoError(t, err)

	_, err = rsmodels.Parse(rsmodels.KindDevices, "dev-0002", []byte(doc.JSON()))
	require.ErrorContains(t, err, "device.device_id: eq the id in the path")
	_, err = rsmodels.Parse(rsmodels.KindSystem, "nothing", []byte(`{}`))
	require.ErrorContains(t, err, "id: unknown")
	_, err = rsmodels.Parse("nothing", "x", []byte(`{}`))
	require.ErrorContains(t, err, "kind: unknown")
	_, err = rsmodels.Parse(flagsKind, "../x", []byte(`{}`))
	require.ErrorContains(t, err, "router_id: token")
}

func TestOversizeIsRefused(t *testing.T) {
	_, err := rsmodels.ParseFeatureFlags("rtr-1", []byte(`{"a":true}`+strings.Repeat(" ", rsmodels.MaxDocumentSize)))
	require.ErrorContains(t, err, "size<=1048576")

	device := television()
	device.Device.ActRules = []json.RawMessage{json.RawMessage(`{"a":"` + strings.Repeat("x", rsmodels.MaxDocumentSize) + `"}`)}
	_, err = rsmodels.BuildDevice(device)
	require.ErrorContains(t, err, "size<=1048576")
}

func TestUnmarshalReadsStrictlyAndZeroDocumentsHaveNoJSON(t *testing.T) {
	doc, err := rsmodels.BuildRouter(router())
	require.NoError(t, err)

	var list []rsmodels.RouterConfiguration
	require.NoError(t, json.Unmarshal([]byte("["+doc.JSON()+"]"), &list))
	assert.Equal(t, doc, list[0])
	require.ErrorIs(t, json.Unmarshal([]byte(`[{}]`), &list), rsmodels.ErrInvalid)

	_, err = json.Marshal(rsmodels.RouterConfiguration{})
	require.Error(t, err)
	assert.Empty(t, rsmodels.RouterConfiguration{}.JSON())
}
