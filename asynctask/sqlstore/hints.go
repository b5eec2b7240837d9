package sqlstore

import (
	"sync"

	"github.com/hexplane/hexplane/asynctask"
)

// hints remember, per step, the position of the last request that this store
// admitted. A missing or wrong one costs time only.
type hints struct {
	mu   sync.Mutex
	last map[[2]string]int64
}

// maxHints bounds the hints; past it they begin anew.
const maxHints = 10_000

// get returns -1 when nothing is remembered.
func (h *hints) get(a asynctask.Admission) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if seq, ok := h.last[[2]string{a.TaskID, a.Step}]; ok {
		return seq
	}
	return -1
}

func (h *hints) set(a asynctask.Admission, seq int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil || len(h.last) >= maxHints {
		h.last = make(map[[2]string]int64)
	}
	h.last[[2]string{a.TaskID, a.Step}] = seq
}
