// Command generate writes the schemas of rsmodels and the AsyncAPI document of
// rsevent into the folders of those packages. Run it from rsmodels.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hexplane/hexplane/internal/rsschema"
)

func main() {
	if err := generate("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(rsmodels string) error {
	files, err := rsschema.Documents()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := write(filepath.Join(rsmodels, "schema", name), content); err != nil {
			return err
		}
	}
	asyncAPI, err := rsschema.AsyncAPI()
	if err != nil {
		return err
	}
	return write(filepath.Join(rsmodels, "rsevent", "asyncapi.yaml"), asyncAPI)
}

func write(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	return nil
}
