package service

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"

	"github.com/caarlos0/env/v11"
)

// Parse reads environment variables into a struct with env, envDefault and desc tags.
// Fields without envDefault keep the value they have.
func Parse(into any, environ map[string]string) error {
	if err := env.ParseWithOptions(into, env.Options{Environment: environ}); err != nil {
		return fmt.Errorf("environment: %w", err)
	}
	return nil
}

// Usage writes a table of the variables that Parse reads into the structs: name,
// default and meaning.
func Usage(w io.Writer, configs ...any) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range configs {
		usage(tw, reflect.Indirect(reflect.ValueOf(c)))
	}
	return tw.Flush()
}

func usage(w io.Writer, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		if name == "" {
			if field.Type.Kind() == reflect.Struct {
				usage(w, v.Field(i))
			}
			continue
		}
		def, ok := field.Tag.Lookup("envDefault")
		if !ok {
			def = fmt.Sprint(v.Field(i))
		}
		if def == "[]" || def == "false" {
			def = ""
		}
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\n", name, def, field.Tag.Get("desc"))
	}
}
