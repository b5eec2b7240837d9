package hsadmintest

import (
	"sync"
	"time"
)

// Call is one request that a backend has answered.
type Call struct {
	// Time is when it came.
	Time time.Time
	// Method and Path are the request's, the path as decoded.
	Method, Path string
	// Operation is the interface's call, such as "PUT /devices/{device_id}", or
	// "/" when it has no such call.
	Operation string
	// Status is what was answered; 0 when the connection was cut instead.
	Status int
	// RequestID is the answer's X-Request-Id.
	RequestID string
	// IdempotencyKey is the request's, if any.
	IdempotencyKey string
	// Fault names what was injected, such as "reset" or "status 503", if anything.
	Fault string
	// Client and Serial are the common name and serial number of the client
	// certificate, if any.
	Client, Serial string
}

// callLog keeps the latest calls.
type callLog struct {
	mu    sync.Mutex
	ring  []Call
	next  int
	limit int
	total int
}

func newCallLog(limit int) *callLog { return &callLog{limit: limit} }

func (l *callLog) add(call Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	switch {
	case l.limit <= 0:
	case len(l.ring) < l.limit:
		l.ring = append(l.ring, call)
	default:
		l.ring[l.next] = call
		l.next = (l.next + 1) % l.limit
	}
}

// Calls is a copy of the latest calls, in the order in which they ended.
func (b *Backend) Calls() []Call {
	b.calls.mu.Lock()
	defer b.calls.mu.Unlock()
	calls := make([]Call, 0, len(b.calls.ring))
	calls = append(calls, b.calls.ring[b.calls.next:]...)
	return append(calls, b.calls.ring[:b.calls.next]...)
}

// CallCount is how many calls were answered since the last [Backend.ResetCalls],
// those included that the log no longer holds.
func (b *Backend) CallCount() int {
	b.calls.mu.Lock()
	defer b.calls.mu.Unlock()
	return b.calls.total
}

// ResetCalls empties the call log.
func (b *Backend) ResetCalls() {
	b.calls.mu.Lock()
	defer b.calls.mu.Unlock()
	b.calls.ring, b.calls.next, b.calls.total = nil, 0, 0
}
