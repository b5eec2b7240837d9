package statedb_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/sqldb"
	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/statedb"
)

// firstMigrations are the schema's before the numbers of projects were kept.
func firstMigrations(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, name := range []string{"0001_state.sql", "0002_fewer_indexes.sql", "0003_pending.sql"} {
			script, err := os.ReadFile(filepath.Join("migrations", kind, name))
			require.NoError(t, err)
			files[kind+"/"+name] = &fstest.MapFile{Data: script}
		}
	}
	return files
}

func TestUpgradeSQLite(t *testing.T) {
	upgrade(t, sqldb.Config{Path: filepath.Join(t.TempDir(), "state.db")})
}

// upgrade opens a database as an earlier version left it: with an account of two
// projects, one of which is being created, and a port.
func upgrade(t *testing.T, cfg sqldb.Config) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), cfg)
	require.NoError(t, err)
	require.NoError(t, db.Migrate(t.Context(), firstMigrations(t)))
	for _, text := range []string{
		`INSERT INTO accounts VALUES ('a', 'acme', 'o@x.example', 'p', 1)`,
		`INSERT INTO projects VALUES ('p', 'a', 'default', 'prj-default-abcdef', TRUE, FALSE, '{"x":"y"}', '["c1"]', 2, 3, 4, 5, 0, 0, FALSE, 6)`,
		`INSERT INTO ports VALUES ('o', 'p', 'a', 'http', '{}', 1, 7, 0, 8)`,
		`INSERT INTO audit VALUES ('first', 9, 'k', 'account.create', 'a', 'a', 'null', '{"name":"acme"}')`,
		`INSERT INTO operations VALUES ('n', 'k/new', 'f', 'k', 'create_project', 'a', 'q', 'a/new', TRUE, '{}', 10)`,
		`INSERT INTO operations VALUES ('m', 'k/old', 'f', 'k', 'create_account', 'a', 'p', '', FALSE, '{}', 11)`,
	} {
		_, err := db.ExecContext(t.Context(), text)
		require.NoError(t, err, text)
	}
	require.NoError(t, db.Close())
	store := open(t, statedb.Config{URL: cfg.URL, Path: cfg.Path})
	require.NoError(t, store.View(t.Context(), func(ctx context.Context, tx management.Tx) error {
		account, err := tx.Accounts().Get(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, 2, account.Projects)
		project, err := tx.Projects().Get(ctx, "p")
		require.NoError(t, err)
		require.Equal(t, management.Project{
			ID: "p", AccountID: "a", Name: "default", Namespace: "prj-default-abcdef", Default: true,
			Selector: map[string]string{"x": "y"}, Clusters: []string{"c1"}, Generation: 2, Sequence: 3, Revision: 4,
			CreatedAt: project.CreatedAt, CheckAt: project.CheckAt,
		}, project)
		require.EqualValues(t, 5, project.CreatedAt.UnixMicro())
		require.EqualValues(t, 6, project.CheckAt.UnixMicro())
		port, err := tx.Ports().Get(ctx, "o")
		require.NoError(t, err)
		require.Equal(t, "p", port.ProjectID)
		trail, err := tx.Audit().List(ctx, management.Filter{AccountID: "a"})
		require.NoError(t, err)
		require.Len(t, trail, 1)
		require.JSONEq(t, `{"name":"acme"}`, string(trail[0].After))
		pending, err := tx.Operations().List(ctx, management.Filter{Pending: true})
		require.NoError(t, err)
		require.Len(t, pending, 1)
		require.Equal(t, "k/new", pending[0].Key)
		all, err := tx.Operations().Count(ctx, management.Filter{})
		require.NoError(t, err)
		require.Equal(t, 2, all)
		return nil
	}))
	orphan := management.Port{ID: "lost", ProjectID: "none", AccountID: "a", Kind: "http"}
	require.Error(t, store.Update(t.Context(), func(ctx context.Context, tx management.Tx) error {
		return tx.Ports().Insert(ctx, orphan)
	}), "a port has a project")
	auditIsAppendOnly(t, store)
}
