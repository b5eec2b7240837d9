package mongostore

import (
	"maps"
	"slices"
)

// pair is an entry of a map. Maps are stored as lists of pairs: their keys come
// from users, and not every server takes "a.b", "$c" or "" as a field's name.
type pair[V any] struct {
	Key   string `bson:"k"`
	Value V      `bson:"v"`
}

func toPairs[V any](m map[string]V) []pair[V] {
	var out []pair[V]
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, pair[V]{k, m[k]})
	}
	return out
}

func fromPairs[V any](list []pair[V]) map[string]V {
	if len(list) == 0 {
		return nil
	}
	m := make(map[string]V, len(list))
	for _, p := range list {
		m[p.Key] = p.Value
	}
	return m
}
