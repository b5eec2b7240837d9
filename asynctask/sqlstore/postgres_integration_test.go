//go:build integration

package sqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/asynctasktest"
	"github.com/hexplane/hexplane/asynctask/sqlstore"
	"github.com/hexplane/hexplane/internal/realservers"
)

func TestPostgres(t *testing.T) {
	dsn := realservers.Postgres(t)
	asynctasktest.TestStore(t, func(t *testing.T) asynctask.Store {
		db, err := sqlstore.OpenPostgres(dsn)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		s, err := sqlstore.New(t.Context(), db)
		require.NoError(t, err)
		return s
	})
}
