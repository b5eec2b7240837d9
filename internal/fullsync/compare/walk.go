package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// walk reports every field in which got is not want, by its path. Objects are compared
// by key and lists by position; a list of agent packages by id, since its order carries
// no meaning.
func walk(path string, want, got any, report func(field, want, got string)) {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			walkObject(path, w, g, report)
			return
		}
	case []any:
		if g, ok := got.([]any); ok && len(g) == len(w) {
			w, g = byPackage(w), byPackage(g)
			for i := range w {
				walk(fmt.Sprintf("%s[%d]", path, i), w[i], g[i], report)
			}
			return
		}
	}
	if !reflect.DeepEqual(want, got) {
		report(path, show(want), show(got))
	}
}

func walkObject(path string, want, got map[string]any, report func(field, want, got string)) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		value, ok := got[key]
		if !ok {
			report(join(path, key), show(want[key]), "nothing")
			continue
		}
		walk(join(path, key), want[key], value, report)
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			report(join(path, key), "nothing", show(got[key]))
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// byPackage orders a list of agent packages by id and leaves any other list alone.
func byPackage(list []any) []any {
	id := func(value any) string {
		object, _ := value.(map[string]any)
		text, _ := object["agent_package_id"].(string)
		return text
	}
	for _, value := range list {
		if id(value) == "" {
			return list
		}
	}
	return slices.SortedFunc(slices.Values(list), func(a, b any) int {
		if id(a) < id(b) {
			return -1
		}
		return 1
	})
}

// show renders a value for a report, shortened.
func show(value any) string {
	const longest = 120
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	if text := []rune(string(raw)); len(text) > longest {
		return string(text[:longest]) + "…"
	}
	return string(raw)
}
