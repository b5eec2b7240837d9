package preparing

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKept: what hardly comes again does not take the place of what does.
func TestKept(t *testing.T) {
	db, err := OpenSQLite("file:" + filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	_, err = conn.ExecContext(t.Context(), `CREATE TABLE t (n INTEGER, s TEXT)`)
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), `INSERT INTO t VALUES (?, ?)`, 1, "one")
	require.NoError(t, err)
	for _, query := range []struct {
		text string
		args []any
	}{
		{`SELECT n FROM t`, nil},
		{`SELECT n FROM t WHERE s = ?`, []any{"one"}},
		{`SELECT n FROM t WHERE s = 'one'`, nil},
		{`SELECT n FROM t WHERE n = 1`, nil},
		{`WITH u AS (SELECT n FROM t) SELECT n FROM u`, nil},
	} {
		require.NoError(t, conn.QueryRowContext(t.Context(), query.text, query.args...).Scan(new(int)), query.text)
	}
	require.NoError(t, conn.Raw(func(raw any) error {
		p, ok := raw.(*preparing)
		require.True(t, ok)
		var kept []string
		for text := range p.idle {
			kept = append(kept, text)
		}
		require.ElementsMatch(t, []string{
			`INSERT INTO t VALUES (?, ?)`, `SELECT n FROM t`, `SELECT n FROM t WHERE s = ?`,
		}, kept)
		return nil
	}))
}
