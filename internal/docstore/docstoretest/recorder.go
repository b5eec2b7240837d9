package docstoretest

import (
	"context"
	"slices"
	"sync"

	"github.com/hexplane/hexplane/eventbus"
)

// Recorder is an eventbus.Publisher that keeps what is published. The zero value is
// ready for use.
type Recorder struct {
	mu   sync.Mutex
	msgs []*eventbus.Message
	err  error
}

// Publish implements eventbus.Publisher.
func (r *Recorder) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	r.msgs = append(r.msgs, msgs...)
	return nil
}

// FailWith makes every Publish fail with err, until it is nil again.
func (r *Recorder) FailWith(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// Messages returns what was published since the last Take, in order.
func (r *Recorder) Messages() []*eventbus.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.msgs)
}

// Take is Messages, and forgets them.
func (r *Recorder) Take() []*eventbus.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	msgs := r.msgs
	r.msgs = nil
	return msgs
}

// Types returns the event types of Messages.
func (r *Recorder) Types() []string {
	var types []string
	for _, m := range r.Messages() {
		types = append(types, m.EventType)
	}
	return types
}
