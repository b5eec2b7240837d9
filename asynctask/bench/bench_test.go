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
	childs  = flag.Int("bench.children", 1_000, "children of the job that peers do too")
	workers = flag.Int("bench.workers", 64, "replies dispatched at once")
)

// TestFigures prints what make bench-asynctask is asked for.
func TestFigures(t *testing.T) {
	b := &bench{out: os.Stdout, size: *size, replies: *replies, workers: *workers, children: *childs}
	t.Run("sqlite", func(t *testing.T) {
		require.NoError(t, b.store(t.Context(), "SQLite", openSQLite(t), openSQLite(t)))
	})
	t.Run("postgres", func(t *testing.T) {
		large, small := openPostgres(t, realservers.Postgres(t)), openPostgres(t, realservers.Postgres(t))
		require.NoError(t, b.store(t.Context(), "PostgreSQL", large, small))
	})
	t.Run("go-workflows", func(t *testing.T) {
		require.NoError(t, b.beside("go-workflows", b.goWorkflows(t.Context(), t.TempDir()), b.ours(t.Context(), openSQLite(t), inMemory)))
	})
	t.Run("dbos", func(t *testing.T) {
		url := realservers.Postgres(t)
		require.NoError(t, b.beside("DBOS", b.dbos(t.Context(), url), b.ours(t.Context(), openPostgres(t, url), inMemory)))
	})
	t.Run("tree in memory", func(t *testing.T) {
		require.NoError(t, b.tree(t.Context(), "membus", openSQLite(t), inMemory()))
	})
	t.Run("tree over a broker", func(t *testing.T) {
		broker, err := embedkafka.Start(embedkafka.Config{Dir: filepath.Join(t.TempDir(), "kafka")})
		require.NoError(t, err)
		defer broker.Close()
		require.NoError(t, b.tree(t.Context(), "kfake", openSQLite(t), franzbus.New(franzbus.Config{Brokers: broker.Addrs()})))
	})
}

func openSQLite(t *testing.T) *sqlstore.Store {
	db, err := sqlstore.OpenSQLite(filepath.Join(t.TempDir(), "tasks.db"), false)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	store, err := sqlstore.New(t.Context(), db)
	require.NoError(t, err)
	return store
}

func openPostgres(t *testing.T, url string) *sqlstore.Store {
	db, err := sqlstore.OpenPostgres(url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	store, err := sqlstore.New(t.Context(), db)
	require.NoError(t, err)
	return store
}

// inMemory is a bus that handles as many keys at once as a consumer of Kafka's
// parallel lanes may: replies that come together are stored together. It keeps
// none of the records that were consumed.
func inMemory() *membus.Bus { return membus.New(membus.Config{Partitions: 64, Retain: 1}) }
