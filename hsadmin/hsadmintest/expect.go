package hsadmintest

import (
	"slices"
	"sync"
)

// TB is the part of testing.TB that [Backend.Expect] needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Cleanup(f func())
}

// expectation fails a test on calls that it does not expect.
type expectation struct {
	mu         sync.Mutex
	t          TB
	operations []string
}

// Expect fails the test, until it ends, on every call that is not one of the
// operations, named as in [Call]; without operations, on every call. A later
// Expect replaces an earlier one.
func (b *Backend) Expect(t TB, operations ...string) {
	t.Helper()
	b.expected.set(t, operations)
	t.Cleanup(func() { b.expected.set(nil, nil) })
}

func (e *expectation) set(t TB, operations []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.t, e.operations = t, operations
}

func (e *expectation) check(call Call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.t == nil || slices.Contains(e.operations, call.Operation) {
		return
	}
	e.t.Helper()
	e.t.Errorf("hsadmintest: unexpected call %s %s, answered %d", call.Method, call.Path, call.Status)
}
