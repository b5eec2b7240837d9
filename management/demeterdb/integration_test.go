//go:build integration

package demeterdb_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/managementtest"
	"github.com/hexplane/hexplane/internal/realservers"
	"github.com/hexplane/hexplane/internal/sqldb/sqldbtest"
	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/demeterdb"
)

func TestConformancePostgres(t *testing.T) {
	server := realservers.Postgres(t)
	managementtest.RunDemeterStore(t, func(t *testing.T) management.DemeterStore {
		t.Helper()
		store, err := demeterdb.Open(t.Context(), demeterdb.Config{URL: sqldbtest.Postgres(t, server)})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return store
	})
}
