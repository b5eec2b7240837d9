package hsadmintest

import (
	"encoding/json"
	"sync"

	"github.com/hexplane/hexplane/rsmodels"
)

// state holds documents as canonical JSON, by kind and id.
type state struct {
	mu        sync.RWMutex
	documents map[string]map[string]string
	changed   func(Change) // called under mu, so in the order of the changes
}

func newState(changed func(Change)) *state {
	if changed == nil {
		changed = func(Change) {}
	}
	s := &state{changed: changed}
	s.clear()
	return s
}

func (s *state) wipe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	s.changed(Change{})
}

func (s *state) clear() {
	s.documents = map[string]map[string]string{
		rsmodels.KindDevices: {}, rsmodels.KindRouters: {}, rsmodels.KindFeatureFlags: {},
		rsmodels.KindAgentPackages: {}, rsmodels.KindSystem: {},
	}
}

// insert keeps a document that does not exist yet.
func (s *state) insert(doc rsmodels.Document) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.documents[doc.Kind()][doc.ID()]; exists {
		return false
	}
	s.keep(doc)
	return true
}

// put keeps a document. Feature flags need their router.
func (s *state) put(doc rsmodels.Document) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if doc.Kind() == rsmodels.KindFeatureFlags {
		if _, exists := s.documents[rsmodels.KindRouters][doc.ID()]; !exists {
			return false
		}
	}
	s.keep(doc)
	return true
}

func (s *state) keep(doc rsmodels.Document) {
	s.documents[doc.Kind()][doc.ID()] = doc.JSON()
	s.changed(Change{Kind: doc.Kind(), ID: doc.ID(), Document: json.RawMessage(doc.JSON())})
}

// delete forgets a document, and with a router its feature flags.
func (s *state) delete(kind, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.documents[kind][id]; !exists {
		return false
	}
	s.remove(kind, id)
	s.changed(Change{Kind: kind, ID: id})
	return true
}

func (s *state) remove(kind, id string) {
	delete(s.documents[kind], id)
	if kind == rsmodels.KindRouters {
		delete(s.documents[rsmodels.KindFeatureFlags], id)
	}
}

// State is a copy of all documents in canonical JSON, by kind and id. Every kind
// is there, even without documents.
func (b *Backend) State() map[string]map[string]json.RawMessage {
	b.state.mu.RLock()
	defer b.state.mu.RUnlock()
	all := make(map[string]map[string]json.RawMessage, len(b.state.documents))
	for kind, documents := range b.state.documents {
		all[kind] = make(map[string]json.RawMessage, len(documents))
		for id, doc := range documents {
			all[kind][id] = json.RawMessage(doc)
		}
	}
	return all
}

// Document is the canonical JSON of one document, and whether there is one.
func (b *Backend) Document(kind, id string) (json.RawMessage, bool) {
	b.state.mu.RLock()
	defer b.state.mu.RUnlock()
	doc, ok := b.state.documents[kind][id]
	return json.RawMessage(doc), ok
}

// Count is how many documents of a kind there are.
func (b *Backend) Count(kind string) int {
	b.state.mu.RLock()
	defer b.state.mu.RUnlock()
	return len(b.state.documents[kind])
}

// Wipe forgets every document and every idempotency key. The call log stays.
func (b *Backend) Wipe() {
	b.state.wipe()
	b.replays.wipe()
}
