package fabric

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"strings"
)

// annotationApplied carries the fingerprint of what was applied last.
const annotationApplied = "demeter.run/applied"

// sealed returns the object with its fingerprint as an annotation, so that a
// field that is no longer wanted shows as a difference even though every wanted
// one is in place.
func sealed(obj Object) Object {
	raw, err := json.Marshal([]any{obj.Labels, obj.Annotations, obj.Fields})
	if err != nil { // fields come from JSON or from this package
		raw = fmt.Append(nil, obj.Fields)
	}
	sum := sha256.Sum256(raw)
	annotations := map[string]string{annotationApplied: hex.EncodeToString(sum[:8])}
	maps.Copy(annotations, obj.Annotations)
	obj.Annotations = annotations
	return obj
}

// matches tells whether live is as wanted: same fingerprint, and every wanted
// field in place. Maps may hold more than wanted (defaults, fields of others);
// lists must be the same length; an empty value equals an absent one. An empty
// map in a port's spec may have been filled by the kind's defaults; elsewhere it
// means something (a selector of everything) and must still be empty.
func matches(want, live Object) bool {
	for key, value := range want.Fields { // a cluster adds fields of its own
		if !contains(live.Fields[key], value, want.Kind.APIVersion == PortAPIVersion) {
			return false
		}
	}
	return containsStrings(live.Labels, want.Labels) && containsStrings(live.Annotations, want.Annotations)
}

func containsStrings(live, want map[string]string) bool {
	for key, value := range want {
		if got, ok := live[key]; !ok || got != value {
			return false
		}
	}
	return true
}

func contains(live, want any, defaulted bool) bool {
	if _, isMap := want.(map[string]any); empty(want) && (!isMap || !defaulted) {
		return empty(live)
	}
	switch want := want.(type) {
	case map[string]any:
		live, ok := live.(map[string]any)
		if !ok && len(want) > 0 {
			return false
		}
		for key, value := range want {
			if !contains(live[key], value, defaulted) {
				return false
			}
		}
		return true
	case []any:
		live, ok := live.([]any)
		if !ok || len(live) != len(want) {
			return false
		}
		for i := range want {
			if !contains(live[i], want[i], defaulted) {
				return false
			}
		}
		return true
	default:
		return sameScalar(live, want)
	}
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	default:
		return false
	}
}

// sameScalar compares numbers by value, whatever Go type a decoder chose.
func sameScalar(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x.Cmp(y) == 0
	}
	return a == b
}

func number(v any) (*big.Rat, bool) {
	switch v.(type) {
	case int, int32, int64, float32, float64, json.Number:
		return new(big.Rat).SetString(strings.TrimSpace(fmt.Sprint(v)))
	default:
		return nil, false
	}
}
