//go:build integration

package sqlrows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/realservers"
	"github.com/hexplane/hexplane/internal/sqldb"
	"github.com/hexplane/hexplane/internal/sqlrows"
)

// TestArraysOnPostgres: what an array's text means to PostgreSQL is as it was before.
func TestArraysOnPostgres(t *testing.T) {
	db, err := sqldb.Open(t.Context(), sqldb.Config{URL: realservers.Postgres(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.NewCreateTable().Model((*thing)(nil)).Exec(t.Context())
	require.NoError(t, err)
	names := []string{"", "NULL", "null", `"`, `\`, `\"`, "a,b", "{}", "{a}", " a ", "a\nb\t", "é∀𝄞", "it's ? $1", strings.Repeat(`\"x`, 999)}
	want := make([]thing, len(names))
	for i, name := range names {
		want[i] = thing{Seq: int64(i + 1), Name: name}
		if i%2 == 0 {
			want[i].Labels = map[string]string{name: name}
			want[i].Data = []byte("\x00\xff\\\"" + name)
			want[i].At = time.Date(2026, 1, 2, 3, 4, 5, 678000, time.FixedZone("", 3600*i)).UTC()
			want[i].On = true
		}
	}
	for _, expected := range []int{len(names), 0} {
		n, err := sqlrows.Insert(t.Context(), db, want, "DO NOTHING")
		require.NoError(t, err)
		require.Equal(t, expected, n)
	}
	query := sqlrows.On(db)
	query.WriteString("SELECT * FROM things")
	query.AndIn("name", names)
	query.WriteString(" ORDER BY seq")
	var rows []thing
	require.NoError(t, query.Scan(t.Context(), db.DB, &rows))
	for i := range rows {
		if !rows[i].At.IsZero() {
			rows[i].At = rows[i].At.UTC()
		}
	}
	require.Equal(t, want, rows, "in the order given")
}
