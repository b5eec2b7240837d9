package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/jsonscan"
)

var cases = []string{
	``, ` `, `null`, ` true `, `false`, `nul`, `nullx`, `0`, `-0`, `01`, `1.`, `1.5`, `-1.5e+10`, `1e`, `1E5`, `-`, `+1`, `.5`,
	`""`, `"a"`, `"`, `"a`, `"\"`, `"\\"`, `"\u12aF"`, `"\u12"`, `"\x"`, "\"\x01\"", "\"\x7f\xff\"", `"0123456789abcdef"`,
	"\"0123456\n9abcdef\"", `"01234567\"9abcdef"`, `"æøå"`,
	`{}`, `{ }`, `{"a":1}`, `{"a":1,}`, `{"a"}`, `{a:1}`, `{"a":1 "b":2}`, `{"a":{"b":[1,2,{"c":null}]}}`, `{`, `}`, `{"a":`,
	`[]`, `[ ]`, `[1]`, `[1,]`, `[,]`, `[1 2]`, `[`, `[]]`, `[[[]]]`, `1 2`, "\ufeff1",
}

func TestValid(t *testing.T) {
	deep := strings.Repeat("[", 10000) + strings.Repeat("]", 10000)
	for _, in := range append(cases, deep, "["+deep+"]") {
		require.Equal(t, json.Valid([]byte(in)), jsonscan.Valid([]byte(in)), "%.60q", in)
	}
}

func TestPlain(t *testing.T) {
	for c := range 256 {
		for before := range 9 {
			for after := range 9 {
				in := strings.Repeat("x", before) + string([]byte{byte(c)}) + strings.Repeat("y", after)
				want := c >= 0x20 && c < 0x80 && c != '"' && c != '\\'
				require.Equal(t, want, jsonscan.Plain(in), "%q", in)
				end, ok := jsonscan.String([]byte(`"`+in+`"`), 0)
				if want {
					require.True(t, ok && end == len(in)+2, "%q", in)
				}
			}
		}
	}
	require.True(t, jsonscan.Plain(""))
}

func FuzzValid(f *testing.F) {
	for _, in := range cases {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		require.Equal(t, json.Valid(in), jsonscan.Valid(in))
	})
}

func BenchmarkValid(b *testing.B) {
	in := []byte(`{"text":"` + strings.Repeat("x", 1013) + `"}`)
	b.Run("jsonscan", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		for b.Loop() {
			jsonscan.Valid(in)
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		for b.Loop() {
			json.Valid(in)
		}
	})
}
