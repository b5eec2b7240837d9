package rsmodels_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/rsschema"
	"github.com/hexplane/hexplane/rsmodels"
)

func TestSchemasAreCurrent(t *testing.T) {
	files, err := rsschema.Documents()
	require.NoError(t, err)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("schema", name))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "run make generate")
	}
	checkedIn, err := os.ReadDir("schema")
	require.NoError(t, err)
	assert.Len(t, checkedIn, len(files), "a schema of no document")
}

func TestDocumentsSatisfyTheirSchemas(t *testing.T) {
	for name, b := range builders() {
		t.Run(name, func(t *testing.T) {
			doc, err := b.build()
			require.NoError(t, err)
			require.NoError(t, satisfies(doc))
		})
	}
}

func TestSchemasRefuseWhatParsingRefuses(t *testing.T) {
	for name, change := range map[string][2]string{
		"unknown field": {`"is_iot":true`, `"is_iot":true,"x":1`},
		"missing field": {`"is_iot":true,`, ``},
		"null":          {`"is_iot":true`, `"is_iot":null`},
		"MAC":           {`a4:83:e7`, `A4:83:e7`},
		"URL":           {`https://block`, `gopher://block`},
		"action":        {`"block"`, `"dance"`},
		"empty id":      {`"dev-0001"`, `""`},
		"rule":          {`"act_rules":[{`, `"act_rules":[7,{`},
		"control":       {`tv-living-room`, `tv\u0000`},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := rsmodels.BuildDevice(television())
			require.NoError(t, err)
			require.Contains(t, doc.JSON(), change[0])
			bad := strings.Replace(doc.JSON(), change[0], change[1], 1)
			_, err = rsmodels.ParseDeviceConfiguration([]byte(bad))
			require.ErrorIs(t, err, rsmodels.ErrInvalid)
			require.Error(t, check("device-configuration", bad))
		})
	}
}

// satisfies checks a document against the checked-in schema of its kind.
func satisfies(doc rsmodels.Document) error {
	name := map[string]string{
		rsmodels.KindDevices: "device-configuration", rsmodels.KindRouters: "router-configuration",
		rsmodels.KindFeatureFlags: "feature-flags", rsmodels.KindAgentPackages: "agent-package",
	}[doc.Kind()]
	if name == "" {
		name = "system-" + doc.ID()
	}
	return check(name, doc.JSON())
}

func check(schema, doc string) error {
	compiled, err := compiledSchema(schema)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

var (
	schemaLock sync.Mutex
	schemas    = map[string]*jsonschema.Schema{}
)

func compiledSchema(name string) (*jsonschema.Schema, error) {
	schemaLock.Lock()
	defer schemaLock.Unlock()
	if known, ok := schemas[name]; ok {
		return known, nil
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiled, err := compiler.Compile(filepath.Join("schema", name+".schema.json"))
	schemas[name] = compiled
	return compiled, err
}
