// Package portschema checks port specs against JSON schemas (draft 2020-12
// unless the schema says otherwise). It implements management.SpecChecker.
// Schemas cannot refer to files or addresses.
package portschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/hexplane/hexplane/management"
)

// Checker compiles each schema once. It is safe for concurrent use.
type Checker struct {
	mu       sync.Mutex
	compiled map[string]*jsonschema.Schema
	printer  *message.Printer
}

var _ management.SpecChecker = (*Checker)(nil)

// New returns a Checker.
func New() *Checker {
	return &Checker{
		compiled: make(map[string]*jsonschema.Schema),
		printer:  message.NewPrinter(language.English),
	}
}

// Schema says whether the schema can be used.
func (c *Checker) Schema(schema json.RawMessage) error {
	_, err := c.compile(schema)
	return err
}

// Check returns one violation per place in the spec that does not fit, with
// fields like "spec.port".
func (c *Checker) Check(schema, spec json.RawMessage) ([]management.Violation, error) {
	compiled, err := c.compile(schema)
	if err != nil {
		return nil, err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(spec))
	if err != nil {
		return []management.Violation{{Field: "spec", Message: "must be JSON"}}, nil //nolint:nilerr // told as a violation
	}
	err = compiled.Validate(value)
	wrong, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return nil, err
	}
	return c.leaves(wrong, nil), nil
}

func (c *Checker) leaves(e *jsonschema.ValidationError, found []management.Violation) []management.Violation {
	if len(e.Causes) == 0 {
		field := strings.Join(append([]string{"spec"}, e.InstanceLocation...), ".")
		return append(found, management.Violation{Field: field, Message: e.ErrorKind.LocalizedString(c.printer)})
	}
	for _, cause := range e.Causes {
		found = c.leaves(cause, found)
	}
	return found
}

func (c *Checker) compile(schema json.RawMessage) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if compiled, ok := c.compiled[string(schema)]; ok {
		return compiled, nil
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, errors.New("must be JSON")
	}
	const url = "kind.json"
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(nothing{})
	if err := compiler.AddResource(url, document); err != nil {
		return nil, fmt.Errorf("must be a JSON schema: %w", err)
	}
	compiled, err := compiler.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("must be a JSON schema: %w", err)
	}
	c.compiled[string(schema)] = compiled
	return compiled, nil
}

// nothing loads no schema from anywhere.
type nothing struct{}

func (nothing) Load(url string) (any, error) {
	return nil, fmt.Errorf("schemas may not refer to %s", url)
}
