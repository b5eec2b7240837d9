package rsevent_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/hexplane/hexplane/internal/rsschema"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

func TestAsyncAPIIsCurrent(t *testing.T) {
	want, err := rsschema.AsyncAPI()
	require.NoError(t, err)
	got, err := os.ReadFile("asyncapi.yaml")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "run make generate")
}

// asyncAPI is the checked-in document as plain JSON values.
func asyncAPI(t *testing.T) map[string]any {
	t.Helper()
	raw, err := os.ReadFile("asyncapi.yaml")
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal(raw, &doc))
	return doc
}

// at follows a path such as "channels/topic/messages".
func at(t *testing.T, doc any, path string) any {
	t.Helper()
	for step := range strings.SplitSeq(path, "/") {
		object, ok := doc.(map[string]any)
		require.True(t, ok, path)
		require.Contains(t, object, step, path)
		doc = object[step]
	}
	return doc
}

func TestAsyncAPINamesEveryEventAndService(t *testing.T) {
	doc := asyncAPI(t)
	assert.Equal(t, "3.0.0", doc["asyncapi"])
	for _, event := range rsevent.Catalog() {
		at(t, doc, "channels/"+event.Topic+"/messages/"+event.Type)
		for _, service := range event.From {
			assert.Equal(t, "send", at(t, doc, "operations/"+service+".send."+event.Topic+"/action"))
		}
		for _, service := range event.To {
			assert.Equal(t, "receive", at(t, doc, "operations/"+service+".receive."+event.Topic+"/action"))
		}
	}
}

func TestAsyncAPIReferencesLeadSomewhere(t *testing.T) {
	doc := asyncAPI(t)
	count := 0
	var walk func(value any)
	walk = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for key, member := range v {
				if ref, ok := member.(string); ok && key == "$ref" {
					count++
					at(t, doc, strings.TrimPrefix(ref, "#/"))
				}
				walk(member)
			}
		case []any:
			for _, element := range v {
				walk(element)
			}
		}
	}
	walk(doc)
	assert.Greater(t, count, 200)
}

// payloadSchema compiles the schema of a message's payload.
func payloadSchema(t *testing.T, message string) *jsonschema.Schema {
	t.Helper()
	raw, err := json.Marshal(asyncAPI(t))
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("asyncapi.json", doc))
	compiled, err := compiler.Compile("asyncapi.json#/components/messages/" + message + "/payload")
	require.NoError(t, err)
	return compiled
}

func TestAsyncAPISaysWhatValidateSays(t *testing.T) {
	good := rsevent.RSDevice{ResolvedDevice: rsevent.ResolvedDevice{Device: device()}}
	unanswerable := good
	unanswerable.RequestID = "r1"
	badMAC := good
	badMAC.Device.MAC = "nonsense"
	for name, tc := range map[string]struct {
		message string
		payload any
	}{
		"device":                   {"RSDeviceCreated", good},
		"request without a topic":  {"RSDeviceCreated", unanswerable},
		"bad MAC":                  {"RSDeviceCreated", badMAC},
		"package":                  {"RSAgentPackageCreated", rsevent.RSAgentPackageCreated{Package: agentPackage()}},
		"empty package":            {"RSAgentPackageCreated", rsevent.RSAgentPackageCreated{}},
		"failed without a reason":  {"RSDeviceCreatedReply", rsevent.Reply{RequestID: "r", Status: rsevent.StatusFailed}},
		"failed with a reason":     {"RSDeviceCreatedReply", rsevent.Reply{RequestID: "r", Status: rsevent.StatusFailed, Error: &rsevent.ReplyError{Code: "x"}}},
		"cancel":                   {"RSCancelSync", rsevent.RSCancelSync{JobID: "j"}},
		"cancel of nothing":        {"RSCancelSync", rsevent.RSCancelSync{}},
		"an address in CIDR":       {"RSRouterProtectionUpdated", protection("10.0.0.0/8")},
		"an address that is a URL": {"RSRouterProtectionUpdated", protection("https://x.example")},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := json.Marshal(tc.payload)
			require.NoError(t, err)
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
			require.NoError(t, err)
			bySchema := payloadSchema(t, tc.message).Validate(value)
			byTags := rsevent.Validate(tc.payload)
			assert.Equal(t, byTags == nil, bySchema == nil, "tags: %v, schema: %v", byTags, bySchema)
		})
	}
}

func protection(address string) rsevent.RSRouterProtectionUpdated {
	return rsevent.RSRouterProtectionUpdated{ISPID: "isp-1", DNSAllowedList: []string{}, AllowedList: []string{address}}
}
