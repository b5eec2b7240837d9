package statedb_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/managementtest"
	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/statedb"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// bus remembers what it was given, and fails on demand.
type bus struct {
	mu   sync.Mutex
	sent []*eventbus.Message
	fail error
}

func (b *bus) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	b.sent = append(b.sent, msgs...)
	return nil
}

func (b *bus) messages() []*eventbus.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*eventbus.Message(nil), b.sent...)
}

func open(t *testing.T, path string) *statedb.Store {
	t.Helper()
	store, err := statedb.Open(t.Context(), statedb.Config{Path: path})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func published(t *testing.T, s management.StateStore) []*eventbus.Message {
	t.Helper()
	sink := &bus{}
	require.NoError(t, statedb.NewRelay(s.(*statedb.Store), sink, statedb.RelayConfig{Batch: 4}).Flush(t.Context()))
	return sink.messages()
}

func TestConformanceSQLite(t *testing.T) {
	managementtest.RunStateStore(t, managementtest.StateHarness{
		Open: func(t *testing.T) management.StateStore {
			t.Helper()
			return open(t, filepath.Join(t.TempDir(), "state.db"))
		},
		Published: published,
	})
}

func TestStateOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	first := open(t, path)
	publish(t, first, "k", "one")
	second := open(t, path)
	require.Len(t, published(t, second), 1)
	require.Empty(t, published(t, second), "sent events are forgotten")
}

func TestAuditIsAppendOnly(t *testing.T) {
	auditIsAppendOnly(t, open(t, filepath.Join(t.TempDir(), "state.db")))
}

func auditIsAppendOnly(t *testing.T, store *statedb.Store) {
	t.Helper()
	entry := management.AuditEntry{ID: "e", Action: "x", Before: []byte("null"), After: []byte("null")}
	change := func(fn func(ctx context.Context, audit management.Table[management.AuditEntry]) error) error {
		return store.Update(t.Context(), func(ctx context.Context, tx management.Tx) error { return fn(ctx, tx.Audit()) })
	}
	require.NoError(t, change(func(ctx context.Context, a management.Table[management.AuditEntry]) error {
		return a.Insert(ctx, entry)
	}))
	require.Error(t, change(func(ctx context.Context, a management.Table[management.AuditEntry]) error {
		return a.Update(ctx, entry)
	}))
	require.Error(t, change(func(ctx context.Context, a management.Table[management.AuditEntry]) error { return a.Delete(ctx, "e") }))
}

func publish(t *testing.T, store *statedb.Store, key, payload string) {
	t.Helper()
	msg, err := eventbus.NewMessage("topic", "Event", key, payload)
	require.NoError(t, err)
	require.NoError(t, store.Update(t.Context(), func(ctx context.Context, tx management.Tx) error {
		return tx.Publish(ctx, msg)
	}))
}

func TestRelayRepeatsUntilTheBrokerTakesIt(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"))
	sink := &bus{fail: errors.New("broker is away")}
	relay := statedb.NewRelay(store, sink, statedb.RelayConfig{Poll: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- relay.Run(ctx) }()
	for i := range 3 {
		publish(t, store, "k", strconv.Itoa(i))
	}
	sink.mu.Lock()
	sink.fail = nil
	sink.mu.Unlock()
	require.Eventually(t, func() bool { return len(sink.messages()) == 3 }, 5*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
	for i, msg := range sink.messages() {
		require.JSONEq(t, strconv.Quote(strconv.Itoa(i)), string(msg.Payload))
	}
}

func TestOneRelayAtATime(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"))
	mine, other := &bus{}, &bus{}
	holder := statedb.NewRelay(store, mine, statedb.RelayConfig{Lease: time.Hour})
	publish(t, store, "k", "1")
	require.NoError(t, holder.Flush(t.Context()))
	publish(t, store, "k", "2")
	require.NoError(t, statedb.NewRelay(store, other, statedb.RelayConfig{}).Flush(t.Context()))
	require.Empty(t, other.messages(), "the lease is held")
	require.NoError(t, holder.Flush(t.Context()))
	require.Len(t, mine.messages(), 2)
}

func TestTraceIsStoredWithTheEvent(t *testing.T) {
	store, err := statedb.Open(t.Context(), statedb.Config{
		Path:  filepath.Join(t.TempDir(), "state.db"),
		Trace: func(context.Context) map[string]string { return map[string]string{"traceparent": "00-1"} },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	publish(t, store, "k", "1")
	require.Equal(t, map[string]string{"traceparent": "00-1"}, published(t, store)[0].TraceID)
}
