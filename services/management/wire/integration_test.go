//go:build integration

package wire_test

import (
	"testing"

	"github.com/hexplane/hexplane/internal/realservers"
	"github.com/hexplane/hexplane/internal/sqldb"
	"github.com/hexplane/hexplane/internal/sqldb/sqldbtest"
)

// TestScenariosOnPostgres runs the scenarios with both databases on PostgreSQL.
func TestScenariosOnPostgres(t *testing.T) {
	server := realservers.Postgres(t)
	scenarios := map[string]func(*testing.T, environment){
		"RPC account creation flow":     rpcAccountCreationFlow,
		"RPC project creation flow":     rpcProjectCreationFlow,
		"fabric resource creation flow": fabricResourceCreationFlow,
		"late cluster catches up":       lateClusterCatchesUp,
		"restart":                       restart,
		"deletion to the end":           deletionToTheEnd,
	}
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			scenario(t, environment{
				"DATABASE_URL":         sqldbtest.Postgres(t, server),
				"DEMETER_DATABASE_URL": sqldbtest.Postgres(t, server),
			})
		})
	}
}

func BenchmarkDemeterCreateProjectPostgres(b *testing.B) {
	server := realservers.Postgres(b)
	benchmarkCreateProject(b, "postgres", func(b *testing.B) (environment, sqldb.Config) {
		b.Helper()
		return environment{
			"DATABASE_URL":         sqldbtest.Postgres(b, server),
			"DEMETER_DATABASE_URL": sqldbtest.Postgres(b, server),
		}, sqldb.Config{URL: sqldbtest.Postgres(b, server)}
	})
}
