package compare_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/fullsync/compare"
	"github.com/hexplane/hexplane/internal/fullsync/expect"
)

func doc(t *testing.T, id, want string) expect.Document {
	t.Helper()
	value, err := expect.Decode([]byte(want))
	require.NoError(t, err)
	return expect.Document{ISPID: "north", Kind: expect.Devices, ID: id, Want: value}
}

func place(id string) compare.Place {
	return compare.Place{ISPID: "north", Kind: expect.Devices, ID: id}
}

func TestDifferencesAreFoundFieldByField(t *testing.T) {
	for _, tc := range []struct {
		name, want, got string
		differences     []string
	}{
		{"the same in another order", `{"a":1,"b":[true,null]}`, `{"b":[true,null],"a":1}`, nil},
		{"a value", `{"a":{"b":"x"}}`, `{"a":{"b":"y"}}`, []string{`a.b: want "x", got "y"`}},
		{"a field too few", `{"a":1,"b":2}`, `{"a":1}`, []string{`b: want 2, got nothing`}},
		{"a field too many", `{"a":1}`, `{"a":1,"b":null}`, []string{`b: want nothing, got null`}},
		{"null is a value", `{"a":null}`, `{"a":""}`, []string{`a: want null, got ""`}},
		{"the order of a list", `{"a":["x","y"]}`, `{"a":["y","x"]}`, []string{`a[0]: want "x", got "y"`, `a[1]: want "y", got "x"`}},
		{"the length of a list", `{"a":[1]}`, `{"a":[1,2]}`, []string{`a: want [1], got [1,2]`}},
		{"another type", `{"a":{"b":1}}`, `{"a":[1]}`, []string{`a: want {"b":1}, got [1]`}},
		{"a number written otherwise", `{"a":1.5}`, `{"a":1.50}`, []string{`a: want 1.5, got 1.50`}},
		{"packages in another order", `{"p":[{"agent_package_id":"a"},{"agent_package_id":"b"}]}`, `{"p":[{"agent_package_id":"b"},{"agent_package_id":"a"}]}`, nil},
		{"what is not JSON", `{}`, `{`, []string{`(document): want JSON, got not JSON: unexpected EOF`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := compare.New(map[compare.Place][]byte{place("d1"): []byte(tc.got)}, 10)
			c.Expect(doc(t, "d1", tc.want))
			result := c.Finish()
			var lines []string
			for _, d := range result.Differences {
				lines = append(lines, d.String()[len("north/devices/d1 "):])
			}
			assert.Equal(t, tc.differences, lines)
			assert.Equal(t, len(tc.differences) == 0, result.Identical())
		})
	}
}

func TestCounts(t *testing.T) {
	c := compare.New(map[compare.Place][]byte{
		place("same"):    []byte(`{"a":1}`),
		place("other"):   []byte(`{"a":2}`),
		place("unasked"): []byte(`{"a":3}`),
		{ISPID: "north", Kind: "gadgets", ID: "g"}: []byte(`{}`),
	}, 2)
	for _, id := range []string{"same", "other", "missing"} {
		c.Expect(doc(t, id, `{"a":1}`))
	}
	result := c.Finish()
	assert.Equal(t, compare.Row{Kind: expect.Devices, Expected: 3, Applied: 3, Identical: 1, Missing: 1, Different: 2}, result.Rows[0])
	assert.Equal(t, compare.Row{Kind: "gadgets", Applied: 1, Different: 1}, result.Rows[len(result.Rows)-1])
	assert.Equal(t, compare.Row{Kind: "total", Expected: 3, Applied: 4, Identical: 1, Missing: 1, Different: 3}, result.Total())
	assert.Len(t, result.Differences, 2, "no more than asked for")
	assert.False(t, result.Identical())
}

func TestNothingIsNotIdentical(t *testing.T) {
	assert.False(t, compare.New(nil, 1).Finish().Identical())
}
