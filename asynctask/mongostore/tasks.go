package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/asynctask"
)

// InsertTask implements asynctask.TaskStore.
func (s *Store) InsertTask(ctx context.Context, t asynctask.Task) (asynctask.Task, bool, error) {
	_, err := s.tasks.InsertOne(ctx, toTaskDoc(t))
	if mongo.IsDuplicateKeyError(err) {
		old, err := s.Task(ctx, t.ID)
		return old, false, err
	}
	if err != nil {
		return t, false, fmt.Errorf("mongostore: insert task %s: %w", t.ID, err)
	}
	return t, true, nil
}

// Task implements asynctask.TaskStore.
func (s *Store) Task(ctx context.Context, id string) (asynctask.Task, error) {
	d := new(taskDoc)
	err := s.tasks.FindOne(ctx, bson.M{"_id": id}).Decode(d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return asynctask.Task{}, fmt.Errorf("%w: %s", asynctask.ErrTaskNotFound, id)
	}
	if err != nil {
		return asynctask.Task{}, fmt.Errorf("mongostore: task %s: %w", id, err)
	}
	return d.task(), nil
}

// UpdateTask implements asynctask.TaskStore.
func (s *Store) UpdateTask(ctx context.Context, t asynctask.Task) (int64, error) {
	d := toTaskDoc(t)
	d.Version++
	res, err := s.tasks.ReplaceOne(ctx, bson.M{"_id": t.ID, "version": t.Version}, d)
	if err != nil {
		return 0, fmt.Errorf("mongostore: update task %s: %w", t.ID, err)
	}
	if res.MatchedCount == 0 {
		if _, err := s.Task(ctx, t.ID); err != nil {
			return 0, err
		}
		return 0, fmt.Errorf("%w: task %s", asynctask.ErrConflict, t.ID)
	}
	return d.Version, nil
}

// ClaimTasks implements asynctask.TaskStore.
func (s *Store) ClaimTasks(ctx context.Context, c asynctask.Claim) ([]asynctask.Task, error) {
	var out []asynctask.Task
	for len(out) < c.Limit && len(c.Scopes) > 0 {
		d := new(taskDoc)
		err := s.tasks.FindOneAndUpdate(ctx, due(c), bson.M{
			"$set": bson.M{"owner": c.Owner, "next_at": micros(c.Until)}, "$inc": bson.M{"version": int64(1)},
		}, options.FindOneAndUpdate().SetSort(bson.D{{Key: "next_at", Value: 1}}).SetReturnDocument(options.After)).Decode(d)
		if errors.Is(err, mongo.ErrNoDocuments) {
			break
		}
		if err != nil {
			return out, fmt.Errorf("mongostore: claim tasks: %w", err)
		}
		out = append(out, d.task())
	}
	return out, nil
}

// RenewTask implements asynctask.TaskStore.
func (s *Store) RenewTask(ctx context.Context, id, owner string, until time.Time) error {
	res, err := s.tasks.UpdateOne(ctx, bson.M{"_id": id, "owner": owner}, bson.M{"$set": bson.M{"next_at": micros(until)}})
	if err != nil {
		return fmt.Errorf("mongostore: renew task %s: %w", id, err)
	}
	if res.MatchedCount == 0 {
		return fmt.Errorf("%w: task %s is not claimed by %s", asynctask.ErrConflict, id, owner)
	}
	return nil
}

// ListTasks implements asynctask.TaskStore.
func (s *Store) ListTasks(ctx context.Context, f asynctask.TaskFilter) ([]asynctask.Task, error) {
	q := bson.M{"_id": bson.M{"$gt": f.After}}
	if f.JobID != "" {
		q["job_id"] = f.JobID
	}
	if f.Type != "" {
		q["type"] = f.Type
	}
	if len(f.States) > 0 {
		q["state"] = bson.M{"$in": f.States}
	}
	created := bson.M{}
	if !f.CreatedFrom.IsZero() {
		created["$gte"] = micros(f.CreatedFrom)
	}
	if !f.CreatedBefore.IsZero() {
		created["$lt"] = micros(f.CreatedBefore)
	}
	if len(created) > 0 {
		q["created_at"] = created
	}
	docs, err := find[taskDoc](ctx, s.tasks, q, bson.D{{Key: "_id", Value: 1}}, limitOr(f.Limit))
	if err != nil {
		return nil, fmt.Errorf("mongostore: list tasks: %w", err)
	}
	var out []asynctask.Task
	for i := range docs {
		out = append(out, docs[i].task())
	}
	return out, nil
}

// find returns what matches, of given fields or whole; limit 0: all of it.
func find[T any](ctx context.Context, c *mongo.Collection, query, sort any, limit int64, fields ...string) ([]T, error) {
	opts := options.Find().SetLimit(limit)
	if sort != nil {
		opts = opts.SetSort(sort)
	}
	if len(fields) > 0 {
		only := bson.M{}
		for _, f := range fields {
			only[f] = 1
		}
		opts = opts.SetProjection(only)
	}
	cursor, err := c.Find(ctx, query, opts)
	if err != nil {
		return nil, err
	}
	var out []T
	return out, cursor.All(ctx, &out)
}

func limitOr(n int) int64 {
	if n <= 0 {
		return 100
	}
	return int64(n)
}

// Unfinished implements asynctask.TaskStore.
func (s *Store) Unfinished(ctx context.Context) (map[asynctask.Scope]asynctask.Unfinished, error) {
	tasks, err := find[taskDoc](ctx, s.tasks, bson.M{"next_at": bson.M{"$gt": int64(0)}}, nil, 0, "type", "step")
	if err != nil {
		return nil, fmt.Errorf("mongostore: unfinished tasks: %w", err)
	}
	ids := make([]string, len(tasks))
	for i, t := range tasks {
		ids[i] = scope(t.ID, t.Step)
	}
	var steps []stepDoc
	for some := range slices.Chunk(ids, 1000) { // a query is a document, of limited size
		found, err := find[stepDoc](ctx, s.steps, bson.M{"_id": bson.M{"$in": some}}, nil, 0)
		if err != nil {
			return nil, fmt.Errorf("mongostore: unfinished steps: %w", err)
		}
		steps = append(steps, found...)
	}
	out := map[asynctask.Scope]asynctask.Unfinished{}
	for _, t := range tasks {
		k := asynctask.Scope{Type: t.Type, Step: t.Step}
		out[k] = asynctask.Unfinished{Tasks: out[k].Tasks + 1}
	}
	for _, d := range steps {
		k := asynctask.Scope{Type: d.Type, Step: d.Step}
		u := out[k]
		u.Open += d.Total - d.OK - d.Failed - d.Cancelled
		out[k] = u
	}
	return out, nil
}
