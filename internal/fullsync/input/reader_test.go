package input_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/fullsync/input"
)

const (
	provider  = `{"provider":{"isp_id":"north","name":"North","configuration":{},"router_protection":{"enabled":true,"dns_allowed_list":[],"allowed_list":[]},"agent_packages":[{"agent_package_id":"p1","target":"mips","version":"1.0.0","url":"https://x.example/p1","sha256":"00","size":1}]}}`
	household = `{"household":{"account":{"account_id":"a1","isp_id":"north","name":"Åse","status":"active","products":[]},"users":[{"user_id":"u1","account_id":"a1","name":"Åse"}],"devices":[{"device_id":"d1","account_id":"a1","user_id":"u1","kind":"router","name":"Box","mac":"3c:a6:2f:00:00:01","is_iot":false,"agent":{"target":"mips","version":"1.0.0"}}],"agent_packages":{"d1":"p1"}}}`
)

type outcome struct {
	lines  []int
	errors map[int]string
}

func read(t *testing.T, r io.Reader) (outcome, error) {
	t.Helper()
	got := outcome{errors: map[int]string{}}
	for line, err := range input.Read(r) {
		var broken *input.LineError
		switch {
		case errors.As(err, &broken):
			got.errors[broken.Line] = err.Error()
			assert.Equal(t, broken.Line, line.Number)
		case err != nil:
			return got, err
		default:
			got.lines = append(got.lines, line.Number)
		}
	}
	return got, nil
}

func TestReadGoesOnAfterABrokenLine(t *testing.T) {
	text := strings.Join([]string{provider, "{", "", household, "[]", household}, "\n")
	got, err := read(t, strings.NewReader(text))
	require.NoError(t, err)
	assert.Equal(t, []int{1, 4}, got.lines)
	assert.Len(t, got.errors, 3)
	assert.Contains(t, got.errors[2], "line 2: not a provider or household")
	assert.Contains(t, got.errors[6], `id "a1" again`)
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	for _, tc := range []struct{ name, old, new, want string }{
		{"unknown field", `"is_iot":false`, `"is_iot":false,"colour":"red"`, "colour"},
		{"wrong type", `"is_iot":false`, `"is_iot":"no"`, "is_iot"},
		{"two values", `"p1"}}}`, `"p1"}}}{}`, "more than one JSON value"},
		{"neither", household, `{}`, "exactly one of"},
		{"unknown provider", `"isp_id":"north"`, `"isp_id":"south"`, `unknown provider "south"`},
		{"no account id", `"account":{"account_id":"a1"`, `"account":{"account_id":""`, "belongs to account"},
		{"no user id", `"user_id":"u1","account_id"`, `"user_id":"","account_id"`, "unknown user"},
		{"someone else's user", `"users":[{"user_id":"u1","account_id":"a1"`, `"users":[{"user_id":"u1","account_id":"a2"`, `belongs to account "a2"`},
		{"unknown user", `"account_id":"a1","user_id":"u1","kind"`, `"account_id":"a1","user_id":"u2","kind"`, `unknown user "u2"`},
		{"same id twice", `"device_id":"d1"`, `"device_id":"u1"`, `id "u1" again`},
		{"kind", `"kind":"router"`, `"kind":"toaster"`, "toaster"},
		{"address", `3c:a6:2f:00:00:01`, `3c:a6:2f:00:00`, "invalid MAC"},
		{"package of another target", `"target":"mips"`, `"target":"arm"`, "not of its target"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			broken := strings.Replace(household, tc.old, tc.new, 1)
			require.NotEqual(t, household, broken)
			got, err := read(t, strings.NewReader(provider+"\n"+broken+"\n"+household))
			require.NoError(t, err)
			assert.Contains(t, got.errors[2], tc.want)
			assert.Equal(t, []int{1, 3}, got.lines, "nothing of a refused line is remembered")
		})
	}
}

func TestReadRefusesAProviderTwice(t *testing.T) {
	got, err := read(t, strings.NewReader(provider+"\n"+provider))
	require.NoError(t, err)
	assert.Contains(t, got.errors[2], "provider north again")
}

func TestReadEndsWithTheReadersError(t *testing.T) {
	got, err := read(t, io.MultiReader(strings.NewReader(provider+"\n"), iotest.ErrReader(errors.New("cable cut"))))
	require.ErrorContains(t, err, "cable cut")
	assert.Equal(t, []int{1}, got.lines)
}

func TestReadStopsWhenTheCallerDoes(t *testing.T) {
	for line, err := range input.Read(strings.NewReader(provider + "\n{\n")) {
		require.NoError(t, err)
		assert.Equal(t, 1, line.Number)
		break
	}
}

func TestTheExamplesInputIsWhole(t *testing.T) {
	file, err := os.Open("../../../examples/fullsync/households.ndjson")
	require.NoError(t, err)
	defer file.Close()
	got, err := read(t, file)
	require.NoError(t, err)
	assert.Empty(t, got.errors)
	assert.Len(t, got.lines, 404)
}

func FuzzRead(f *testing.F) {
	f.Add(provider + "\n" + household)
	f.Add("{\n\n[]\nnull")
	f.Fuzz(func(t *testing.T, text string) {
		for line, err := range input.Read(strings.NewReader(text)) {
			if err == nil && (line.Provider == nil) == (line.Household == nil) {
				t.Fatal("a line that is neither or both")
			}
		}
	})
}
