package mongostore

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/asynctask"
)

// CancelJob implements asynctask.JobStore. The mark is durable before the tasks
// are looked for: a task that this look misses is younger than the mark and
// finds it.
func (s *Store) CancelJob(ctx context.Context, jobID string, cause asynctask.ReplyError, now, expireAt time.Time) (int, error) {
	_, err := s.jobs.UpdateOne(ctx, bson.M{"_id": jobID}, bson.M{
		"$set": bson.M{"expire_at": micros(expireAt)}, "$setOnInsert": bson.M{"cancelled_at": micros(now)},
	}, options.UpdateOne().SetUpsert(true))
	if err != nil {
		return 0, fmt.Errorf("mongostore: mark job %s as cancelled: %w", jobID, err)
	}
	res, err := s.tasks.UpdateMany(ctx, bson.M{"job_id": jobID, "state": asynctask.StateRunning}, bson.M{
		"$set": bson.M{
			"state": asynctask.StateEnding, "outcome": asynctask.StateCancelled, "error_code": cause.Code, "error_text": cause.Text,
			"ended_at": micros(now), "updated_at": micros(now), "next_at": micros(now), "owner": "",
		},
		"$inc": bson.M{"version": int64(1)},
	})
	if err != nil {
		return 0, fmt.Errorf("mongostore: cancel tasks of job %s: %w", jobID, err)
	}
	return int(res.ModifiedCount), nil
}

// JobCancelled implements asynctask.JobStore.
func (s *Store) JobCancelled(ctx context.Context, jobID string) (bool, error) {
	n, err := s.jobs.CountDocuments(ctx, bson.M{"_id": jobID}, options.Count().SetLimit(1))
	if err != nil {
		return false, fmt.Errorf("mongostore: look for cancelled job %s: %w", jobID, err)
	}
	return n > 0, nil
}

// DeleteExpired implements asynctask.TaskStore.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	expired := bson.M{"expire_at": bson.M{"$gt": int64(0), "$lte": micros(now)}}
	tasks, err := find[taskDoc](ctx, s.tasks, expired, nil, int64(limit), "_id")
	if err != nil {
		return 0, fmt.Errorf("mongostore: look for expired tasks: %w", err)
	}
	total := 0
	for _, t := range tasks {
		if total >= limit {
			return total, nil
		}
		n, err := s.deleteTask(ctx, t.ID, limit-total)
		if err != nil {
			return total, fmt.Errorf("mongostore: delete expired task %s: %w", t.ID, err)
		}
		total += n
	}
	res, err := s.jobs.DeleteMany(ctx, expired)
	if err != nil {
		return total, fmt.Errorf("mongostore: delete expired jobs: %w", err)
	}
	return total + int(res.DeletedCount), nil
}

// deleteTask deletes up to limit records of a task, itself last.
func (s *Store) deleteTask(ctx context.Context, id string, limit int) (int, error) {
	docs, err := find[struct {
		ID string `bson:"_id"`
	}](ctx, s.requests, bson.M{"task_id": id}, nil, int64(limit), "_id")
	if err != nil {
		return 0, err
	}
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = d.ID
	}
	if len(ids) > 0 {
		if _, err := s.requests.DeleteMany(ctx, bson.M{"_id": bson.M{"$in": ids}}); err != nil {
			return 0, err
		}
	}
	if len(ids) >= limit {
		return len(ids), nil
	}
	if _, err := s.steps.DeleteMany(ctx, bson.M{"task_id": id}); err != nil {
		return len(ids), err
	}
	_, err = s.tasks.DeleteOne(ctx, bson.M{"_id": id})
	return len(ids) + 1, err
}
