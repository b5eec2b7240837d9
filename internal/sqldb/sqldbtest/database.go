// Package sqldbtest makes databases for tests.
package sqldbtest

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/sqldb"
)

// Postgres makes an empty database on the server of the URL and returns its URL.
// It stays until the server goes.
func Postgres(tb testing.TB, server string) string {
	tb.Helper()
	db, err := sqldb.Open(tb.Context(), sqldb.Config{URL: server})
	require.NoError(tb, err)
	defer db.Close()
	name := "t" + strings.ToLower(rand.Text())
	_, err = db.ExecContext(tb.Context(), `CREATE DATABASE `+name)
	require.NoError(tb, err)
	own, err := url.Parse(server)
	require.NoError(tb, err)
	own.Path = "/" + name
	return own.String()
}
