package statedb_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/sqlbox"
	"github.com/hexplane/hexplane/internal/managementtest"
	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/statedb"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// bus remembers what it was given.
type bus struct {
	mu   sync.Mutex
	sent []*eventbus.Message
}

func (b *bus) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, msgs...)
	return nil
}

func open(t *testing.T, cfg statedb.Config) *statedb.Store {
	t.Helper()
	cfg.Outbox = sqlbox.Add
	store, err := statedb.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	require.NoError(t, sqlbox.CreateTables(t.Context(), store.DB()))
	return store
}

// published lets a relay send all that is stored.
func published(t *testing.T, s management.StateStore) []*eventbus.Message {
	t.Helper()
	db := s.(*statedb.Store).DB()
	var sink bus
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- sqlbox.NewRelay(db, &sink, sqlbox.RelayConfig{}).Run(ctx) }()
	require.Eventually(t, func() bool {
		left, err := db.NewSelect().Table("eventbus_outbox").Count(t.Context())
		return err == nil && left == 0
	}, time.Minute, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
	return sink.sent
}

func TestConformanceSQLite(t *testing.T) {
	managementtest.RunStateStore(t, managementtest.StateHarness{
		Open: func(t *testing.T) management.StateStore {
			t.Helper()
			return open(t, statedb.Config{Path: filepath.Join(t.TempDir(), "state.db")})
		},
		Published: published,
	})
}

func TestStateOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	publish(t, open(t, statedb.Config{Path: path}), "k", "one")
	require.Len(t, published(t, open(t, statedb.Config{Path: path})), 1)
}

func TestAuditIsAppendOnly(t *testing.T) {
	auditIsAppendOnly(t, open(t, statedb.Config{Path: filepath.Join(t.TempDir(), "state.db")}))
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
