package sqlstore_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/asynctasktest"
	"github.com/hexplane/hexplane/asynctask/sqlstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSQLite(t *testing.T) {
	asynctasktest.TestStore(t, func(t *testing.T) asynctask.Store {
		db, err := sqlstore.OpenSQLite(filepath.Join(t.TempDir(), "tasks.db"), false)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		s, err := sqlstore.New(t.Context(), db)
		require.NoError(t, err)
		return s
	})
}
