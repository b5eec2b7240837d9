package bench

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask/sqlstore"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/membus"
	"github.com/hexplane/hexplane/internal/embedkafka"
	"github.com/hexplane/hexplane/internal/realservers"
)

var (
	size    = flag.Int("bench.size", 1_000_000, "requests of the large task, and leaves of the tree")
	replies = flag.Int("bench.replies", 50_000, "replies to time, at either size")
	workers = flag.Int("bench.workers", 64, "replies dispatched at once")
)

// TestFigures prints what make bench-asynctask is asked for.
func TestFigures(t *testing.T) {
	b := &bench{out: os.Stdout, size: *size, replies: *replies, workers: *workers}
	t.Run("sqlite", func(t *testing.T) { require.NoError(t, b.store(t.Context(), "SQLite", sqlite(t))) })
	t.Run("postgres", func(t *testing.T) {
		db, err := sqlstore.OpenPostgres(realservers.Postgres(t))
		require.NoError(t, err)
		defer db.Close()
		store, err := sqlstore.New(t.Context(), db)
		require.NoError(t, err)
		require.NoError(t, b.store(t.Context(), "PostgreSQL", store))
	})
	t.Run("tree in memory", func(t *testing.T) {
		require.NoError(t, b.tree(t.Context(), "membus", sqlite(t), membus.New(membus.Config{})))
	})
	t.Run("tree over a broker", func(t *testing.T) {
		broker, err := embedkafka.Start(embedkafka.Config{Dir: filepath.Join(t.TempDir(), "kafka")})
		require.NoError(t, err)
		defer broker.Close()
		require.NoError(t, b.tree(t.Context(), "kfake", sqlite(t), franzbus.New(franzbus.Config{Brokers: broker.Addrs()})))
	})
}

func sqlite(t *testing.T) *sqlstore.Store {
	db, err := sqlstore.OpenSQLite(filepath.Join(t.TempDir(), "tasks.db"), false)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	store, err := sqlstore.New(t.Context(), db)
	require.NoError(t, err)
	return store
}
