package asynctask

import "sync"

// memory remembers keys for a while. Forgetting is harmless: it holds facts
// that can be looked up again.
type memory struct {
	mu   sync.Mutex
	keys map[string]struct{}
}

// maxRemembered bounds a memory; past it, it begins anew.
const maxRemembered = 10_000

func (m *memory) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.keys[key]
	return ok
}

func (m *memory) add(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys == nil || len(m.keys) >= maxRemembered {
		m.keys = make(map[string]struct{})
	}
	m.keys[key] = struct{}{}
}
