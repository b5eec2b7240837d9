package eventbustest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/hexplane/hexplane/eventbus"
)

// recorder is a callback that keeps what it is told.
type recorder struct {
	mu   sync.Mutex
	msgs []*eventbus.Message
}

func (r *recorder) Notify(_ context.Context, msg *eventbus.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.msgs = append(r.msgs, msg)
	return nil
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.msgs)
}

// seen reports whether n messages arrived.
func (r *recorder) seen(n int) func() bool {
	return func() bool { return r.count() >= n }
}

func (r *recorder) messages() []*eventbus.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*eventbus.Message(nil), r.msgs...)
}

// numbers returns, per key, the numbers that were the payloads.
func (r *recorder) numbers() map[string][]int {
	byKey := make(map[string][]int)
	for _, msg := range r.messages() {
		var n int
		if err := json.Unmarshal(msg.Payload, &n); err != nil {
			panic(fmt.Sprintf("payload of the suite's own message: %v", err))
		}
		byKey[msg.Key] = append(byKey[msg.Key], n)
	}
	return byKey
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
