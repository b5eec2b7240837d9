package input_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/input"
)

type header struct {
	RequestID string `json:"request_id,omitempty" validate:"max=3"`
}

type part struct {
	On  *bool  `json:"on,omitempty"`
	URL string `json:"url,omitempty" validate:"omitempty,http_url"`
}

type thing struct {
	header
	Name   string            `json:"name" validate:"required,max=5"`
	Kind   string            `json:"kind,omitempty" validate:"omitempty,oneof=a b"`
	Size   int8              `json:"size,omitempty" validate:"min=0"`
	Ratio  float64           `json:"ratio,omitempty"`
	Count  uint              `json:"count,omitempty"`
	Tags   []string          `json:"tags,omitempty" validate:"max=2,unique,dive,required"`
	Part   *part             `json:"part,omitempty"`
	Parts  []part            `json:"parts,omitempty" validate:"dive"`
	Flags  map[string]bool   `json:"flags,omitempty"`
	Raw    json.RawMessage   `json:"raw,omitempty"`
	Any    any               `json:"any,omitempty"`
	At     *time.Time        `json:"at,omitempty"`
	Hidden string            `json:"-"`
	Plain  map[string]string `json:",omitempty"` //nolint:tagliatelle // a field without a name
}

func TestDecodeAccepts(t *testing.T) {
	got, err := input.Decode[thing]([]byte(` {"request_id":"r","name":"x","kind":"a","size":127,"ratio":1.5,"count":3,
		"tags":["1"],"part":{"on":false},"parts":[{},{"url":"http://h"}],"flags":{"f":true},"raw":{"any":[1]},
		"any":[null],"at":"2030-01-01T00:00:00Z","Plain":{"a":"b"}} `))
	require.NoError(t, err)
	assert.Equal(t, "r", got.RequestID)
	assert.JSONEq(t, `{"any":[1]}`, string(got.Raw))
	assert.False(t, *got.Part.On)
}

func TestDecodeFills(t *testing.T) {
	got, err := input.Decode([]byte(`{}`), func(v *thing) error { v.Name = "n"; return nil })
	require.NoError(t, err, "filled before it is validated")
	assert.Equal(t, "n", got.Name)
	failing := errors.New("no")
	_, err = input.Decode([]byte(`{"name":"x"}`), func(*thing) error { return failing })
	require.ErrorIs(t, err, failing)
}

// fields returns what an *input.Error says, as field and message.
func fields(t *testing.T, err error) map[string]string {
	t.Helper()
	var wrong *input.Error
	require.ErrorAs(t, err, &wrong)
	out := map[string]string{}
	for _, f := range wrong.Fields {
		out[f.Field] = f.Message
	}
	return out
}

func TestDecodeNamesEveryWrongField(t *testing.T) {
	const number = "must be a whole number in range"
	tests := map[string]map[string]string{
		`{"name":1,"kind":[],"part":{"on":"x","of":1},"parts":[{},3],"flags":{"a.b":0},"more":0}`: {
			"name": "must be a string", "kind": "must be a string", "part.on": "must be true or false",
			"part.of": "is unknown", "parts[1]": "must be an object", "flags.a.b": "must be true or false", "more": "is unknown",
		},
		`{"name":"x","size":128}`:           {"size": number},
		`{"name":"x","size":1.5}`:           {"size": number},
		`{"name":"x","size":1e2}`:           {"size": number},
		`{"name":"x","count":-1}`:           {"count": number},
		`{"name":"x","ratio":"1"}`:          {"ratio": "must be a number"},
		`{"name":"x","ratio":1e999}`:        {"ratio": "must be a number in range"},
		`{"name":"x","Kind":"a"}`:           {"Kind": "is unknown"},
		`{"name":"x","hidden":""}`:          {"hidden": "is unknown"},
		`{"name":"x","Hidden":""}`:          {"Hidden": "is unknown"},
		`{"name":"x","header":{}}`:          {"header": "is unknown"},
		`{"name":null}`:                     {"name": "must not be null"},
		`{"name":"x","tags":[null]}`:        {"tags[0]": "must not be null"},
		`{"name":"x","tags":{}}`:            {"tags": "must be an array"},
		`{"name":"x","flags":[]}`:           {"flags": "must be an object"},
		`{"name":"x","at":"yesterday"}`:     {"at": "must be a value of the right form"},
		`[]`:                                {"": "must be an object"},
		`{}`:                                {"name": "is required"},
		`{"name":"toolong"}`:                {"name": "must be at most 5 characters long"},
		`{"name":"x","kind":"c"}`:           {"kind": "must be one of a, b"},
		`{"name":"x","size":-1}`:            {"size": "must be at least 0"},
		`{"name":"x","tags":["a","b","c"]}`: {"tags": "must be at most 2 items long"},
		`{"name":"x","tags":["a","a"]}`:     {"tags": "must not repeat an item"},
		`{"name":"x","parts":[{"url":":"}]}`: {
			"parts[0].url": "must be a valid http_url",
		},
		`{"name":"x","request_id":"long"}`: {"request_id": "must be at most 3 characters long"},
	}
	for text, want := range tests {
		_, err := input.Decode[thing]([]byte(text))
		require.Error(t, err, text)
		assert.Equal(t, want, fields(t, err), text)
	}
}

func TestDecodeRefusesWhatIsNotOneJSONValue(t *testing.T) {
	for text, want := range map[string]string{
		"":           "the body is empty",
		"  ":         "the body is empty",
		"{":          "the body is not JSON: it ends too early",
		`{"name":}`:  "the body is not JSON: syntax error at byte 9",
		"{} {}":      "the body holds more than one JSON value",
		"{}x":        "the body holds more than one JSON value",
		"\xff\xfe{}": "the body is not JSON: syntax error at byte 1",
	} {
		_, err := input.Decode[thing]([]byte(text))
		require.EqualError(t, err, want, "%q", text)
	}
}

func TestErrorsNeverHoldValues(t *testing.T) {
	_, err := input.Decode[thing]([]byte(`{"name":"secret-name","kind":"secret-kind","part":{"url":"secret-url"}}`))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret")
}

func TestPatch(t *testing.T) {
	on := true
	current := thing{Name: "n", Kind: "a", Tags: []string{"t"}, Part: &part{On: &on, URL: "http://h"}, Flags: map[string]bool{"x": true, "y": true}}
	got, err := input.Patch(current, []byte(`{"kind":null,"part":{"on":null},"flags":{"x":null,"z":false},"tags":["u","v"]}`))
	require.NoError(t, err)
	assert.Equal(t, thing{
		Name: "n", Tags: []string{"u", "v"}, Part: &part{URL: "http://h"}, Flags: map[string]bool{"y": true, "z": false},
	}, got)
	assert.True(t, *current.Part.On, "the current value is left alone")

	tests := map[string]map[string]string{
		`{"name":null}`:              {"name": "is required"},
		`{"more":null}`:              {"more": "is unknown"},
		`{"part":{"of":null}}`:       {"part.of": "is unknown"},
		`{"part":{"url":7}}`:         {"part.url": "must be a string"},
		`{"part":3}`:                 {"part": "must be an object"},
		`{"name":"toolong"}`:         {"name": "must be at most 5 characters long"},
		`{"tags":["a",null]}`:        {"tags[1]": "must not be null"},
		`{"parts":[{"on":null}]}`:    nil, // inside an array a null is a value, and on is a pointer
		`{"part":{"url":null}}`:      nil,
		`{"part":null,"tags":null}`:  nil,
		`{"raw":{"a":null},"any":1}`: nil,
	}
	for text, want := range tests {
		_, err := input.Patch(current, []byte(text))
		if want == nil {
			assert.NoError(t, err, text)
			continue
		}
		require.Error(t, err, text)
		assert.Equal(t, want, fields(t, err), text)
	}
	for _, text := range []string{"[]", "null", "3", ""} {
		_, err := input.Patch(current, []byte(text))
		require.Error(t, err, "%q", text)
	}
}

// FuzzDecode: whatever comes in, Decode does not panic, and what it accepts is valid
// and comes out the same when it is encoded and decoded again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"x","tags":["a"],"part":{"on":true},"raw":[1]}`))
	f.Add([]byte(`{"name":"x","size":1e400}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := input.Decode[thing](data)
		if err != nil {
			return
		}
		require.NoError(t, input.Validate(got))
		again, err := json.Marshal(got)
		require.NoError(t, err)
		_, err = input.Decode[thing](again)
		require.NoError(t, err, "%s", again)
	})
}

// FuzzPatch: a patch that is accepted yields a valid value, and applying it again
// changes nothing more.
func FuzzPatch(f *testing.F) {
	f.Add([]byte(`{"kind":null,"flags":{"x":null}}`))
	f.Fuzz(func(t *testing.T, patch []byte) {
		current := thing{Name: "n", Kind: "a", Flags: map[string]bool{"x": true}}
		once, err := input.Patch(current, patch)
		if err != nil {
			return
		}
		twice, err := input.Patch(once, patch)
		require.NoError(t, err)
		one, err := json.Marshal(once)
		require.NoError(t, err)
		two, err := json.Marshal(twice)
		require.NoError(t, err)
		require.JSONEq(t, string(one), string(two))
	})
}
