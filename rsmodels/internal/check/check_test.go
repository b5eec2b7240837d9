package check_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/rsmodels/internal/check"
)

type Base struct {
	ID string `json:"id" validate:"required"`
}

type thing struct {
	Base

	Names  []string       `json:"names" validate:"dive,lower"`
	Counts map[string]int `json:"counts" validate:"dive,keys,max=3,endkeys,min=1"`
}

func checker() *check.Checker {
	return check.New(check.Rule{Tag: "lower", Holds: func(v reflect.Value) bool { return v.String() == "lower" }})
}

func TestPathsAreThoseOfTheWire(t *testing.T) {
	found := checker().Struct(thing{Names: []string{"lower", "UPPER"}, Counts: map[string]int{"long key": 0}})
	assert.ElementsMatch(t, []check.Violation{
		{Path: "id", Rule: "required"},
		{Path: "names[1]", Rule: "lower"},
		{Path: "counts[long key]", Rule: "max=3"},
		{Path: "counts[long key]", Rule: "min=1"},
	}, found)
	assert.Equal(t, []check.Violation{{Path: "long key", Rule: "max=3"}}, checker().Value(map[string]int{"long key": 1}, "dive,keys,max=3,endkeys"))
	assert.Equal(t, []check.Violation{{Rule: "struct"}}, checker().Struct(7))
}

func TestHostilePathsAreCutShort(t *testing.T) {
	violations := []check.Violation{{Path: "a\x00b\n\xff", Rule: "r"}, {Path: "b" + strings.Repeat("x", 1<<20), Rule: "r"}}
	for i := range 5000 {
		violations = append(violations, check.Violation{Path: fmt.Sprintf("c[%04d]", i), Rule: "r"})
	}
	var invalid *check.Error
	require.ErrorAs(t, check.Fail("thing", violations), &invalid)
	assert.Len(t, invalid.Violations, 1001)
	assert.Equal(t, "a?b??", invalid.Violations[0].Path)
	assert.Less(t, len(invalid.Violations[1].Path), 300)
	assert.Equal(t, "and 4002 more", invalid.Violations[1000].Rule)
	assert.Less(t, len(invalid.Error()), 64<<10)
}

func TestErrorsAreOrderedAndWithoutRepeats(t *testing.T) {
	require.NoError(t, check.Fail("thing", nil))
	err := check.Fail("thing", []check.Violation{{Path: "b", Rule: "r"}, {Path: "a", Rule: "r"}, {Path: "b", Rule: "r"}, {Rule: "json"}})
	require.ErrorIs(t, err, check.ErrInvalid)
	assert.Equal(t, "invalid thing: json; a: r; b: r", err.Error())
	var invalid *check.Error
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, "[subject=thing violations=[json a: r b: r]]", invalid.LogValue().String())
	assert.NotErrorIs(t, err, errors.ErrUnsupported)
}
