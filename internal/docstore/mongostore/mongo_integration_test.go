//go:build integration

package mongostore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/internal/docstore/mongostore"
	"github.com/hexplane/hexplane/internal/realservers"
)

// prefixes gives every test collections of its own in one database.
var prefixes atomic.Int64

func prefix() string { return fmt.Sprintf("p%d", prefixes.Add(1)) }

// connect returns a fresh database that is dropped with the test.
func connect(t testing.TB, uri string, opts ...*options.ClientOptions) *mongo.Database {
	t.Helper()
	client, err := mongo.Connect(append(opts, options.Client().ApplyURI(uri))...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Disconnect(context.Background())) })
	db := client.Database(fmt.Sprintf("docstore_test_%d", time.Now().UnixNano()))
	t.Cleanup(func() { assert.NoError(t, db.Drop(context.Background())) })
	return db
}

func TestConformance(t *testing.T) {
	db := connect(t, realservers.Mongo(t))
	docstoretest.Run(t, func(t testing.TB, now func() time.Time) docstore.Backend {
		b, err := mongostore.New(t.Context(), db, mongostore.Config{Prefix: prefix(), Now: now})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, b.Close()) })
		return b
	})
}
