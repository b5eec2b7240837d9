package preparing_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/preparing"
)

// TestPreparedStatementsMeet runs a statement while rows of the same are open,
// and after it failed, was cancelled, or gave way to many others.
func TestPreparedStatementsMeet(t *testing.T) {
	db, err := preparing.OpenSQLite("file:" + filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	db.SetMaxOpenConns(1)
	const count = `SELECT n FROM t WHERE n > ? ORDER BY n`
	_, err = db.ExecContext(t.Context(), `CREATE TABLE t (n INTEGER PRIMARY KEY)`)
	require.NoError(t, err)
	for i := range 3 {
		_, err := db.ExecContext(t.Context(), `INSERT INTO t VALUES (?)`, i)
		require.NoError(t, err)
	}
	_, err = db.ExecContext(t.Context(), `INSERT INTO t VALUES (?)`, 0)
	require.ErrorContains(t, err, "UNIQUE")
	_, err = db.ExecContext(t.Context(), `INSERT INTO missing VALUES (?)`, 0)
	require.ErrorContains(t, err, "missing")

	require.NoError(t, inTx(t, db, func(tx *sql.Tx) error {
		outer, err := tx.QueryContext(t.Context(), count, -1)
		require.NoError(t, err)
		defer outer.Close()
		require.True(t, outer.Next())
		require.Equal(t, []int{1, 2}, numbers(t, tx, count, 0))
		require.True(t, outer.Next())
		var n int
		require.NoError(t, outer.Scan(&n))
		require.Equal(t, 1, n)
		for i := range 300 {
			require.Len(t, numbers(t, tx, fmt.Sprintf("SELECT n + %d FROM t WHERE n > ?", i), -1), 3)
		}
		return outer.Err()
	}))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, db.QueryRowContext(gone, count, -1).Scan(new(int)), context.Canceled)
	require.NoError(t, inTx(t, db, func(tx *sql.Tx) error {
		require.Equal(t, []int{0, 1, 2}, numbers(t, tx, count, -1))
		return nil
	}))
}

func inTx(t *testing.T, db *sql.DB, fn func(tx *sql.Tx) error) error {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	return errors.Join(fn(tx), tx.Commit())
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

// TestAQueryWithoutValuesSeesWhatChanges: it is kept, but neither its rows nor its
// columns are.
func TestAQueryWithoutValuesSeesWhatChanges(t *testing.T) {
	db, err := preparing.OpenSQLite("file:" + filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	db.SetMaxOpenConns(1)
	var seen []string
	for _, change := range []string{
		`CREATE TABLE t (a INTEGER)`, `INSERT INTO t VALUES (7)`, `ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 8`,
		`DROP TABLE t; CREATE TABLE t (c INTEGER)`,
	} {
		_, err := db.ExecContext(t.Context(), change)
		require.NoError(t, err)
		seen = append(seen, shape(t, db))
	}
	require.Equal(t, []string{"[a] 0", "[a] 1", "[a b] 1", "[c] 0"}, seen)
}

// shape is the columns of the table t and how many rows it has.
func shape(t *testing.T, db *sql.DB) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM t`) //nolint:unqueryvet // whatever there is
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	n := 0
	for rows.Next() {
		n++
	}
	require.NoError(t, rows.Err())
	return fmt.Sprint(columns, n)
}
