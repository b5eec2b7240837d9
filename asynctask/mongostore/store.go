package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Store implements asynctask.Store. It is safe for concurrent use.
type Store struct {
	tasks, requests, steps, jobs *mongo.Collection
}

// New returns a store in db, whose collections (prefix asynctask_) it indexes.
// The caller keeps and disconnects the client. On a replica set the client's
// write concern should be majority and its reads go to the primary, the
// driver's defaults.
func New(ctx context.Context, db *mongo.Database) (*Store, error) {
	s := &Store{
		tasks: db.Collection("asynctask_tasks"), requests: db.Collection("asynctask_requests"),
		steps: db.Collection("asynctask_steps"), jobs: db.Collection("asynctask_cancelled_jobs"),
	}
	return s, s.createIndexes(ctx)
}

func (s *Store) createIndexes(ctx context.Context) error {
	open := options.Index().SetPartialFilterExpression(bson.M{"open": true})
	for collection, models := range map[*mongo.Collection][]mongo.IndexModel{
		s.tasks: {
			{Keys: bson.D{{Key: "next_at", Value: 1}}, Options: options.Index().SetSparse(true)},
			{Keys: bson.D{{Key: "expire_at", Value: 1}}, Options: options.Index().SetSparse(true)},
			{Keys: bson.D{{Key: "job_id", Value: 1}, {Key: "_id", Value: 1}}},
			{Keys: bson.D{{Key: "type", Value: 1}, {Key: "_id", Value: 1}}},
		},
		s.requests: {
			{Keys: bson.D{{Key: "task_id", Value: 1}, {Key: "step", Value: 1}, {Key: "state", Value: 1}, {Key: "seq", Value: 1}}, Options: open},
			{Keys: bson.D{{Key: "next_at", Value: 1}}, Options: options.Index().SetSparse(true)},
			{Keys: bson.D{{Key: "task_id", Value: 1}, {Key: "step", Value: 1}, {Key: "name", Value: 1}}},
		},
		s.steps: {{Keys: bson.D{{Key: "job_id", Value: 1}}}},
		s.jobs:  {{Keys: bson.D{{Key: "expire_at", Value: 1}}}},
	} {
		if _, err := collection.Indexes().CreateMany(ctx, models); err != nil {
			return fmt.Errorf("mongostore: index %s: %w", collection.Name(), err)
		}
	}
	return nil
}
