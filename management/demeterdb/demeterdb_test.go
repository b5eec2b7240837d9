package demeterdb_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/managementtest"
	"github.com/hexplane/hexplane/internal/sqldb"
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

// TestUpgrade opens a database as the first migration left it.
func TestUpgrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demeter.db")
	db, err := sqldb.Open(t.Context(), sqldb.Config{Path: path})
	require.NoError(t, err)
	first, err := os.ReadFile("migrations/sqlite/0001_demeter.sql")
	require.NoError(t, err)
	require.NoError(t, db.Migrate(t.Context(), fstest.MapFS{"sqlite/0001_demeter.sql": {Data: first}}))
	require.NoError(t, db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO accounts VALUES ('a', 'acme', 'o@x.example', 'p', '2026-01-02 03:04:05+00:00');
			INSERT INTO projects VALUES ('p', 'a', 'default', 'prj-a', TRUE, 3, '2026-01-02 03:04:05+00:00', NULL)`)
		return err
	}))
	require.NoError(t, db.Close())
	store := openFile(t, path)
	project, err := store.Project(t.Context(), "p")
	require.NoError(t, err)
	require.Equal(t, management.Project{
		ID: "p", AccountID: "a", Name: "default", Namespace: "prj-a", Default: true, Revision: 3,
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}, project)
	lost := management.Project{ID: "q", AccountID: "none", Name: "x", Namespace: "prj-x", Revision: 1, CreatedAt: project.CreatedAt}
	refused, err := store.CreateProjects(t.Context(), lost)
	require.NoError(t, err)
	require.ErrorIs(t, refused["q"], management.ErrNotFound)
	require.Error(t, store.RemoveProject(t.Context(), "p"), "an account has its default project")
}
