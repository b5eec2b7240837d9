package portschema_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/portschema"
)

const httpKind = `{"type":"object","required":["port"],"additionalProperties":false,
	"properties":{"port":{"type":"integer","minimum":1,"maximum":65535},"host":{"type":"string"}}}`

func TestCheck(t *testing.T) {
	cases := map[string]struct {
		spec   string
		fields []string
	}{
		"fits":           {`{"port":80}`, nil},
		"missing":        {`{}`, []string{"spec"}},
		"out of range":   {`{"port":0}`, []string{"spec.port"}},
		"two wrong":      {`{"port":"x","host":1}`, []string{"spec.port", "spec.host"}},
		"unknown member": {`{"port":80,"colour":"red"}`, []string{"spec"}},
	}
	checker := portschema.New()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			wrong, err := checker.Check(json.RawMessage(httpKind), json.RawMessage(tc.spec))
			require.NoError(t, err)
			var fields []string
			for _, v := range wrong {
				require.NotEmpty(t, v.Message)
				fields = append(fields, v.Field)
			}
			require.ElementsMatch(t, tc.fields, fields)
		})
	}
}

func TestSchema(t *testing.T) {
	checker := portschema.New()
	require.NoError(t, checker.Schema(json.RawMessage(httpKind)))
	require.Error(t, checker.Schema(json.RawMessage(`{"type":"no such type"}`)))
	require.Error(t, checker.Schema(json.RawMessage(`{`)))
	require.Error(t, checker.Schema(json.RawMessage(`{"$ref":"file:///etc/passwd"}`)))
	require.Error(t, checker.Schema(json.RawMessage(`{"$ref":"http://127.0.0.1/x"}`)))
}
