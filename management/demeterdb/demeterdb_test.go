package demeterdb_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/managementtest"
	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/demeterdb"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

func openFile(t *testing.T, path string) *demeterdb.Store {
	t.Helper()
	store, err := demeterdb.Open(t.Context(), demeterdb.Config{Path: path})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func TestConformanceSQLite(t *testing.T) {
	managementtest.RunDemeterStore(t, func(t *testing.T) management.DemeterStore {
		t.Helper()
		return openFile(t, filepath.Join(t.TempDir(), "demeter.db"))
	})
}

func TestOpenAgainKeepsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demeter.db")
	account := management.Account{ID: "a", Name: "acme", OwnerEmail: "o@x.example", DefaultProjectID: "p"}
	project := management.Project{ID: "p", AccountID: "a", Name: "default", Namespace: "prj-a", Default: true, Revision: 1}
	require.NoError(t, openFile(t, path).CreateAccount(t.Context(), account, project))
	_, err := openFile(t, path).Account(t.Context(), "a")
	require.NoError(t, err)
}

func TestBadURLIsNotRepeated(t *testing.T) {
	_, err := demeterdb.Open(t.Context(), demeterdb.Config{URL: "postgres://user:hunter2@[bad"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}
