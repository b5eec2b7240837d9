//go:build integration

package statedb_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus/sqlbox"
	"github.com/hexplane/hexplane/internal/managementtest"
	"github.com/hexplane/hexplane/internal/realservers"
	"github.com/hexplane/hexplane/internal/sqldb"
	"github.com/hexplane/hexplane/internal/sqldb/sqldbtest"
	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/statedb"
)

func TestConformancePostgres(t *testing.T) {
	server := realservers.Postgres(t)
	managementtest.RunStateStore(t, managementtest.StateHarness{
		Open: func(t *testing.T) management.StateStore {
			t.Helper()
			return open(t, statedb.Config{URL: sqldbtest.Postgres(t, server)})
		},
		Published: published,
	})
	t.Run("audit is append-only", func(t *testing.T) {
		auditIsAppendOnly(t, open(t, statedb.Config{URL: sqldbtest.Postgres(t, server)}))
	})
	t.Run("upgrade", func(t *testing.T) { upgrade(t, sqldb.Config{URL: sqldbtest.Postgres(t, server)}) })
	t.Run("two processes migrate at once", func(t *testing.T) {
		url := sqldbtest.Postgres(t, server)
		failures := make(chan error, 4)
		for range cap(failures) {
			go func() {
				store, err := statedb.Open(t.Context(), statedb.Config{URL: url, Outbox: sqlbox.Add})
				if err == nil {
					err = store.Close()
				}
				failures <- err
			}()
		}
		for range cap(failures) {
			require.NoError(t, <-failures)
		}
	})
}
