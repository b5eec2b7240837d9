package fabric

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCanonicalQuantity(t *testing.T) {
	for given, want := range map[string]string{
		"0": "0", "10": "10", "1000": "1k", "1500": "1500", "500m": "500m", "2000m": "2", "1000000m": "1k",
		"1024Mi": "1Gi", "16Gi": "16Gi", "1000Mi": "1000Mi", "0Gi": "0", "5000k": "5M",
	} {
		got, err := canonicalQuantity(given)
		require.NoError(t, err, given)
		require.Equal(t, want, got, given)
	}
	for _, bad := range []string{"", "x", "-1", "1.5", "1e3", "1 Gi", "1KB"} {
		_, err := canonicalQuantity(bad)
		require.Error(t, err, bad)
	}
}

func TestMatches(t *testing.T) {
	obj := func(kind Kind, spec map[string]any) Object {
		return Object{Ref: Ref{Kind: kind}, Fields: map[string]any{"spec": spec}}
	}
	type m = map[string]any
	port, policy := PortKind("http"), KindNetworkPolicy
	cases := map[string]struct {
		kind       Kind
		want, live m
		matches    bool
	}{
		"equal":                       {port, m{"a": 1}, m{"a": int64(1)}, true},
		"number of another type":      {port, m{"a": 1.0}, m{"a": int64(1)}, true},
		"different":                   {port, m{"a": 1}, m{"a": 2}, false},
		"another type":                {port, m{"a": "1"}, m{"a": 1}, false},
		"missing":                     {port, m{"a": 1}, m{}, false},
		"more in a map":               {port, m{"a": 1}, m{"a": 1, "b": 2}, true},
		"more in a list":              {port, m{"a": []any{1}}, m{"a": []any{1, 2}}, false},
		"a list in another order":     {port, m{"a": []any{1, 2}}, m{"a": []any{2, 1}}, false},
		"defaults inside a list":      {port, m{"a": []any{m{"x": 1}}}, m{"a": []any{m{"x": 1, "y": 2}}}, true},
		"an empty list is absent":     {policy, m{"a": []any{}}, m{}, true},
		"a list meant to be empty":    {policy, m{"a": []any{}}, m{"a": []any{m{}}}, false},
		"a selector of everything":    {policy, m{"a": m{}}, m{"a": m{}}, true},
		"a selector of something":     {policy, m{"a": m{}}, m{"a": m{"b": 1}}, false},
		"a port's map with defaults":  {port, m{"a": m{}}, m{"a": m{"b": 1}}, true},
		"a port's empty map dropped":  {port, m{"a": m{}}, m{}, true},
		"null is absent":              {port, m{"a": nil}, m{}, true},
		"null where something is":     {port, m{"a": nil}, m{"a": 1}, false},
		"a map where a scalar should": {port, m{"a": 1}, m{"a": m{}}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.matches, matches(obj(tc.kind, tc.want), obj(tc.kind, tc.live)))
		})
	}
}

func TestSealedTellsWhatWasLeftOut(t *testing.T) {
	before := sealed(Object{Labels: map[string]string{"a": "1", "b": "2"}})
	after := sealed(Object{Labels: map[string]string{"a": "1"}})
	require.True(t, matches(before, before))
	require.False(t, matches(after, before), "a label that is no longer wanted is a difference")
}
