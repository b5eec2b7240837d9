package sqldb_test

import (
	"context"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/internal/sqldb"
)

func open(t *testing.T, path string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Config{Path: path})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestMigrateAppliesEachFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "x.db")
	files := fstest.MapFS{"sqlite/0001.sql": {Data: []byte(`CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1);`)}}
	require.NoError(t, open(t, path).Migrate(t.Context(), files))
	files["sqlite/0002.sql"] = &fstest.MapFile{Data: []byte(`INSERT INTO t VALUES (2);`)}
	db := open(t, path)
	require.NoError(t, db.Migrate(t.Context(), files))
	var numbers []int
	require.NoError(t, db.NewSelect().Table("t").Column("n").OrderExpr("n").Scan(t.Context(), &numbers))
	require.Equal(t, []int{1, 2}, numbers)

	files["sqlite/0003.sql"] = &fstest.MapFile{Data: []byte(`INSERT INTO t VALUES (3); nonsense;`)}
	require.ErrorContains(t, db.Migrate(t.Context(), files), "0003.sql")
	require.NoError(t, db.NewSelect().Table("t").Column("n").OrderExpr("n").Scan(t.Context(), &numbers))
	require.Equal(t, []int{1, 2}, numbers, "a migration is all or nothing")
}

func TestWriteWaitsNoLongerThanItsContext(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, db.Write(t.Context(), func(ctx context.Context, _ bun.Tx) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorIs(t, db.Write(ctx, func(context.Context, bun.Tx) error { return nil }), context.Canceled)
		return nil
	}))
}
