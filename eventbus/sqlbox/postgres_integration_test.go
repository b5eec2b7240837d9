//go:build integration

package sqlbox_test

import (
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/hexplane/hexplane/internal/realservers"
)

func TestPostgres(t *testing.T) {
	suite(t, func(t *testing.T) *bun.DB {
		db, err := sql.Open("pgx", realservers.Postgres(t))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		return bun.NewDB(db, pgdialect.New())
	})
}
