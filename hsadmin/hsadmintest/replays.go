package hsadmintest

import (
	"crypto/sha256"
	"net/http"
	"sync"
)

// maxReplays is how many idempotency keys are remembered.
const maxReplays = 100_000

// replays remembers the answers to requests with an idempotency key.
type replays struct {
	mu      sync.Mutex
	answers map[string]replay
	order   []string
}

type replay struct {
	sum     [sha256.Size]byte
	status  int
	refused *refusal
}

func newReplays() *replays { return &replays{answers: map[string]replay{}} }

func (r *replays) wipe() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.answers)
	r.order = nil
}

// do answers as it did the first time that the key came with this body, and
// refuses the key with another body. An empty key is no key.
func (r *replays) do(key string, body []byte, answer func() (int, *refusal)) (int, *refusal) {
	if key == "" {
		return answer()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := sha256.Sum256(body)
	if known, ok := r.answers[key]; ok {
		if known.sum != sum {
			return http.StatusUnprocessableEntity, newRefusal("idempotency_key_reused", "the key came with another body")
		}
		return known.status, known.refused
	}
	status, refused := answer()
	r.answers[key] = replay{sum, status, refused}
	if r.order = append(r.order, key); len(r.order) > maxReplays {
		delete(r.answers, r.order[0])
		r.order = r.order[1:]
	}
	return status, refused
}
