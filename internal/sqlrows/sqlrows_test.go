package sqlrows_test

import (
	"database/sql"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite"

	"github.com/hexplane/hexplane/internal/sqlrows"
)

type thing struct {
	bun.BaseModel `bun:"table:things"`

	Seq    int64             `bun:",pk,autoincrement"`
	Name   string            `bun:",unique"`
	Labels map[string]string `bun:",nullzero"`
	Data   []byte            `bun:",nullzero"`
	At     time.Time         `bun:",nullzero"`
	On     bool
}

func open(t *testing.T) *bun.DB {
	t.Helper()
	conn, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	conn.SetMaxOpenConns(1)
	db := bun.NewDB(conn, sqlitedialect.New())
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.NewCreateTable().Model((*thing)(nil)).Exec(t.Context())
	require.NoError(t, err)
	return db
}

// TestInsertedRowsComeBack as bun would have written them.
func TestInsertedRowsComeBack(t *testing.T) {
	db := open(t)
	full := thing{
		Name: "full", Labels: map[string]string{"a": "b"}, Data: []byte{0, 1}, On: true,
		At: time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC),
	}
	n, err := sqlrows.Insert(t.Context(), db, []thing{full, {Name: "empty"}}, "")
	require.NoError(t, err)
	require.Equal(t, 2, n)
	written := full
	written.Name = "by bun"
	_, err = db.NewInsert().Model(&written).Exec(t.Context())
	require.NoError(t, err)

	var rows []thing
	require.NoError(t, db.NewSelect().Model(&rows).Order("seq").Scan(t.Context()))
	require.Len(t, rows, 3)
	rows[2].Name, rows[2].Seq = "full", 1
	require.Equal(t, rows[2], rows[0])
	require.Equal(t, thing{Seq: 2, Name: "empty"}, rows[1])
	var texts []string
	require.NoError(t, db.NewSelect().Model((*thing)(nil)).ColumnExpr(`"at" || ''`).Where(`"at" IS NOT NULL`).Scan(t.Context(), &texts))
	require.Equal(t, texts[1], texts[0], "times compare as text")
}

func TestInsertCountsWhatIsNew(t *testing.T) {
	for _, n := range []int{0, 1, 3, 64, 150} {
		db := open(t)
		rows := make([]thing, n)
		for i := range rows {
			rows[i].Name = strconv.Itoa(i)
		}
		made, err := sqlrows.Insert(t.Context(), db, rows, "DO NOTHING")
		require.NoError(t, err)
		require.Equal(t, n, made)
		made, err = sqlrows.Insert(t.Context(), db, slices.Concat(rows, []thing{{Name: "another"}}), "DO NOTHING")
		require.NoError(t, err)
		require.Equal(t, 1, made)
		_, err = sqlrows.Insert(t.Context(), db, []thing{{Name: "another"}}, "")
		require.ErrorContains(t, err, "UNIQUE")
	}
}

func TestConditions(t *testing.T) {
	db := open(t)
	_, err := sqlrows.Insert(t.Context(), db, []thing{{Name: "a"}, {Name: "b", On: true}, {Name: "c", On: true}}, "")
	require.NoError(t, err)
	for _, c := range []struct {
		names []string
		want  int
	}{{nil, 0}, {[]string{"b"}, 1}, {[]string{"a", "b", "c"}, 2}} {
		query := sqlrows.On(db)
		query.WriteString("SELECT count(*) FROM things")
		query.And(`"on"`, nil)
		query.AndIn("name", c.names)
		var n int
		require.NoError(t, query.Scan(t.Context(), db, &n))
		require.Equal(t, c.want, n, c.names)
	}
	remove := sqlrows.On(db)
	remove.WriteString("DELETE FROM things")
	remove.And("name > ?", "a")
	n, err := remove.Exec(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

// TestFewTexts: on PostgreSQL a list of any length has one text, on SQLite lists are
// filled up, so that many lengths share a text.
func TestFewTexts(t *testing.T) {
	for want, db := range map[string]*bun.DB{
		" WHERE a = $1 AND b = ANY($2::text[])": bun.NewDB(nil, pgdialect.New()),
		" WHERE a = ? AND b IN (?,?,?,?)":       bun.NewDB(nil, sqlitedialect.New()),
	} {
		query := sqlrows.On(db)
		query.And("a = ?", 1)
		query.AndIn("b", []string{"x", "y", "z"})
		require.Equal(t, want, query.String())
	}
}

// wrapped is a bun.IDB of somebody's own.
type wrapped struct{ bun.IDB }

func TestSomebodysOwnConnection(t *testing.T) {
	n, err := sqlrows.Insert(t.Context(), wrapped{open(t)}, []thing{{Name: "it's ?"}, {Name: "b"}}, "DO NOTHING")
	require.NoError(t, err)
	require.Equal(t, 2, n)
}
