package sqldb_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
)

// TestPreparedStatementsMeet runs a statement while rows of the same are open,
// and after it failed, was cancelled, or gave way to many others.
func TestPreparedStatementsMeet(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	const count = `SELECT n FROM t WHERE n > ? ORDER BY n`
	_, err := db.DB.DB.ExecContext(t.Context(), `CREATE TABLE t (n INTEGER PRIMARY KEY)`)
	require.NoError(t, err)
	for i := range 3 {
		_, err := db.DB.DB.ExecContext(t.Context(), `INSERT INTO t VALUES (?)`, i)
		require.NoError(t, err)
	}
	_, err = db.DB.DB.ExecContext(t.Context(), `INSERT INTO t VALUES (?)`, 0)
	require.ErrorContains(t, err, "UNIQUE")
	_, err = db.DB.DB.ExecContext(t.Context(), `INSERT INTO missing VALUES (?)`, 0)
	require.ErrorContains(t, err, "missing")

	require.NoError(t, db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		outer, err := tx.Tx.QueryContext(ctx, count, -1)
		require.NoError(t, err)
		defer outer.Close()
		require.True(t, outer.Next())
		require.Equal(t, []int{1, 2}, numbers(t, tx.Tx, count, 0))
		require.True(t, outer.Next())
		var n int
		require.NoError(t, outer.Scan(&n))
		require.Equal(t, 1, n)
		for i := range 300 {
			require.Len(t, numbers(t, tx.Tx, fmt.Sprintf("SELECT n + %d FROM t WHERE n > ?", i), -1), 3)
		}
		return outer.Err()
	}))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, db.DB.DB.QueryRowContext(gone, count, -1).Scan(new(int)), context.Canceled)
	require.NoError(t, db.Write(t.Context(), func(_ context.Context, tx bun.Tx) error {
		require.Equal(t, []int{0, 1, 2}, numbers(t, tx.Tx, count, -1))
		return nil
	}))
}

func numbers(t *testing.T, tx *sql.Tx, text string, after int) []int {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), text, after)
	require.NoError(t, err)
	defer rows.Close()
	var all []int
	for rows.Next() {
		var n int
		require.NoError(t, rows.Scan(&n))
		all = append(all, n)
	}
	require.NoError(t, rows.Err())
	return all
}
