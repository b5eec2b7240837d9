//go:build integration

package mongostore_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/asynctasktest"
	"github.com/hexplane/hexplane/asynctask/mongostore"
	"github.com/hexplane/hexplane/internal/realservers"
)

func TestMongo(t *testing.T) {
	client, err := mongo.Connect(options.Client().ApplyURI(realservers.Mongo(t)))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Disconnect(context.Background())) })
	db := client.Database(fmt.Sprintf("asynctask_test_%d", time.Now().UnixNano()))
	t.Cleanup(func() { assert.NoError(t, db.Drop(context.Background())) })

	t.Run("server is atomic", func(t *testing.T) { testAtomicity(t, db) })
	require.False(t, t.Failed(), "a server whose updates are not atomic proves nothing")
	t.Run("store", func(t *testing.T) {
		asynctasktest.TestStore(t, func(t *testing.T) asynctask.Store {
			s, err := mongostore.New(t.Context(), db)
			require.NoError(t, err)
			return s
		})
	})
}

// testAtomicity is what the store asks of the server.
func testAtomicity(t *testing.T, db *mongo.Database) {
	c := db.Collection("atomicity")
	_, err := c.InsertOne(t.Context(), bson.M{"_id": "counter", "n": 0})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 800 {
		wg.Go(func() {
			_, err := c.UpdateOne(t.Context(), bson.M{"_id": "counter"}, bson.M{"$inc": bson.M{"n": 1}})
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	var got struct {
		N int `bson:"n"`
	}
	require.NoError(t, c.FindOne(t.Context(), bson.M{"_id": "counter"}).Decode(&got))
	assert.Equal(t, 800, got.N)

	for i := range 200 {
		_, err := c.InsertOne(t.Context(), bson.M{"_id": i, "free": true})
		require.NoError(t, err)
	}
	var claims atomic.Int64
	for range 16 {
		wg.Go(func() {
			for c.FindOneAndUpdate(t.Context(), bson.M{"free": true}, bson.M{"$set": bson.M{"free": false}}).Err() == nil {
				claims.Add(1)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(200), claims.Load())
}
