package hsadmintest

import (
	"encoding/json"
	"fmt"

	"github.com/hexplane/hexplane/rsmodels"
)

// Change is one change of a backend's documents: a document that was written; with
// no Document, one that was deleted (with a router its feature flags); with nothing
// at all, a wipe.
type Change struct {
	Kind     string          `json:"kind,omitempty"`
	ID       string          `json:"id,omitempty"`
	Document json.RawMessage `json:"document,omitempty"`
}

// Restore makes a change as if a call had made it, but tells nobody. Its document is
// checked as a call's would be.
func (b *Backend) Restore(change Change) error {
	b.state.mu.Lock()
	defer b.state.mu.Unlock()
	switch {
	case change.Kind == "" && change.ID == "":
		b.state.clear()
		return nil
	case b.state.documents[change.Kind] == nil:
		return fmt.Errorf("hsadmintest: no kind %q", change.Kind)
	case change.Document == nil:
		b.state.remove(change.Kind, change.ID)
		return nil
	}
	doc, err := rsmodels.Parse(change.Kind, change.ID, change.Document)
	if err != nil {
		return fmt.Errorf("hsadmintest: %s/%s: %w", change.Kind, change.ID, err)
	}
	b.state.documents[doc.Kind()][doc.ID()] = doc.JSON()
	return nil
}
