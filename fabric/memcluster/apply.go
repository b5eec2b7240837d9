package memcluster

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/hexplane/hexplane/fabric"
)

// pathSet is a set of fields, each named by its path from the object's root.
type pathSet map[string]struct{}

// owned is what was applied: every leaf's path. A list is one leaf, as the lists
// of the kinds that matter here are atomic.
type owned = pathSet

const separator = "\x00"

// document returns the parts of an object that fields are owned in.
func document(obj fabric.Object) map[string]any {
	doc := map[string]any{"labels": stringMap(obj.Labels), "annotations": stringMap(obj.Annotations)}
	for key, value := range obj.Fields {
		doc["fields"+separator+key] = value
	}
	return doc
}

func stringMap(in map[string]string) map[string]any {
	out := make(map[string]any, len(in))
	for key, value := range in {
		out[key] = value
	}
	return out
}

func ownedBy(obj fabric.Object) owned {
	out := owned{}
	for key, value := range document(obj) {
		leaves(key, value, out)
	}
	return out
}

func leaves(path string, value any, out pathSet) {
	m, ok := value.(map[string]any)
	if !ok {
		out[path] = struct{}{}
		return
	}
	for key, value := range m {
		leaves(path+separator+key, value, out)
	}
}

// merge returns the object after the fabric has applied obj to it by force: what
// it gives is set and becomes its own, what it gave earlier and leaves out now is
// removed unless somebody else has set it too.
func (s *stored) merge(obj fabric.Object) (fabric.Object, error) {
	if live, ok := s.obj.Fields["roleRef"]; ok && !reflect.DeepEqual(live, obj.Fields["roleRef"]) {
		return fabric.Object{}, fmt.Errorf("%w: %s: roleRef cannot be changed", fabric.ErrInvalid, obj.Ref)
	}
	out, now := s.obj.Clone(), ownedBy(obj)
	for path := range s.applied {
		_, kept := now[path]
		if _, shared := s.others[path]; !kept && !shared {
			drop(&out, strings.Split(path, separator))
		}
	}
	for path := range now {
		delete(s.others, path)
	}
	s.applied = now
	out.Labels = mergeStrings(out.Labels, obj.Labels)
	out.Annotations = mergeStrings(out.Annotations, obj.Annotations)
	fields, _ := mergeValue(orEmpty(out.Fields), orEmpty(obj.Clone().Fields)).(map[string]any)
	out.Fields = fields
	return prune(out), nil
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func mergeStrings(live, applied map[string]string) map[string]string {
	if live == nil && len(applied) > 0 {
		live = map[string]string{}
	}
	maps.Copy(live, applied)
	return live
}

func mergeValue(live, applied any) any {
	want, ok := applied.(map[string]any)
	if !ok {
		return applied
	}
	have, ok := live.(map[string]any)
	if !ok {
		have = map[string]any{}
	}
	for key, value := range want {
		have[key] = mergeValue(have[key], value)
	}
	return have
}

// drop removes one field.
func drop(obj *fabric.Object, path []string) {
	switch path[0] {
	case "labels":
		delete(obj.Labels, path[len(path)-1])
	case "annotations":
		delete(obj.Annotations, path[len(path)-1])
	default:
		at := obj.Fields
		for _, key := range path[1 : len(path)-1] {
			next, ok := at[key].(map[string]any)
			if !ok {
				return
			}
			at = next
		}
		delete(at, path[len(path)-1])
	}
}

// prune returns a copy without the empty lists that a cluster does not keep.
func prune(obj fabric.Object) fabric.Object {
	out := obj.Clone()
	dropEmpty(out.Fields)
	return out
}

func dropEmpty(m map[string]any) {
	for key, value := range m {
		switch value := value.(type) {
		case []any:
			if len(value) == 0 {
				delete(m, key)
			}
		case map[string]any:
			dropEmpty(value)
		case nil:
			delete(m, key)
		}
	}
}

func same(a, b fabric.Object) bool {
	return a.Deleting == b.Deleting && reflect.DeepEqual(document(a), document(b))
}
