package mongostore

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/asynctask"
)

const (
	lockFor   = 10 * time.Second // after which a dead holder's lock is taken
	lockRetry = 2 * time.Millisecond
)

// Admit implements asynctask.RequestStore.
func (s *Store) Admit(ctx context.Context, a asynctask.Admission) ([]asynctask.Record, bool, error) {
	waiting := bson.M{"task_id": a.TaskID, "step": a.Step, "state": asynctask.RequestWaiting, "open": true}
	err := s.requests.FindOne(ctx, waiting, options.FindOne().SetProjection(bson.M{"_id": 1})).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, false, nil
	}
	if err != nil {
		return nil, true, fmt.Errorf("mongostore: admit %s/%s: %w", a.TaskID, a.Step, err)
	}
	token := rand.Text()
	if err := s.lock(ctx, a.TaskID, a.Step, token); err != nil {
		return nil, true, err
	}
	recs, err := s.admitLocked(ctx, a, waiting, token)
	return recs, true, errors.Join(err, s.unlock(ctx, a.TaskID, a.Step, token))
}

func (s *Store) admitLocked(ctx context.Context, a asynctask.Admission, waiting bson.M, token string) ([]asynctask.Record, error) {
	if running, err := s.running(ctx, a.TaskID, a.Step); err != nil || !running {
		return nil, err
	}
	room, err := s.room(ctx, a)
	if err != nil || room <= 0 {
		return nil, err
	}
	next, err := find[requestDoc](ctx, s.requests, waiting, bson.D{{Key: "seq", Value: 1}}, int64(room), "_id", "size")
	if err != nil {
		return nil, fmt.Errorf("mongostore: admit %s/%s: %w", a.TaskID, a.Step, err)
	}
	ids := make([]string, 0, len(next)) // not nil: $in takes no null
	for bytes := 0; len(ids) < len(next) && within(bytes, a.Bytes); {
		d := next[len(ids)]
		ids, bytes = append(ids, d.ID), bytes+d.Size
	}
	if _, err := s.requests.UpdateMany(ctx, bson.M{"_id": bson.M{"$in": ids}, "state": asynctask.RequestWaiting}, bson.M{"$set": bson.M{
		"state": asynctask.RequestInFlight, "attempt": 1, "sent_at": micros(a.Now), "next_at": micros(a.Until), "admitted_by": token,
	}}); err != nil {
		return nil, fmt.Errorf("mongostore: admit %s/%s: %w", a.TaskID, a.Step, err)
	}
	return s.admitted(ctx, a, ids, token)
}

// admitted reads what the update met: a reply may have closed some before. If
// the task ended meanwhile none is returned, and none will be published.
func (s *Store) admitted(ctx context.Context, a asynctask.Admission, ids []string, token string) ([]asynctask.Record, error) {
	docs, err := find[requestDoc](ctx, s.requests, bson.M{"_id": bson.M{"$in": ids}, "admitted_by": token}, nil, 0)
	if err != nil {
		return nil, fmt.Errorf("mongostore: admit %s/%s: %w", a.TaskID, a.Step, err)
	}
	slices.SortFunc(docs, func(a, b requestDoc) int { return cmp.Compare(a.Seq, b.Seq) })
	if err := s.count(ctx, a.TaskID, a.Step, bson.M{"in_flight": int64(len(docs))}); err != nil {
		return nil, err
	}
	if running, err := s.running(ctx, a.TaskID, a.Step); err != nil || !running {
		return nil, err
	}
	return records(docs), nil
}

// within reports whether payloads of so many bytes leave room for another request.
func within(bytes, bound int) bool { return bound <= 0 || bytes < bound }

// room is how many more requests may be in flight.
func (s *Store) room(ctx context.Context, a asynctask.Admission) (int, error) {
	if a.Window < 0 {
		return a.Limit, nil
	}
	if a.Window == 0 { // to the driver a limit of 0 is none
		return 0, nil
	}
	n, err := s.requests.CountDocuments(ctx,
		bson.M{"task_id": a.TaskID, "step": a.Step, "state": asynctask.RequestInFlight, "open": true}, options.Count().SetLimit(int64(a.Window)))
	if err != nil {
		return 0, fmt.Errorf("mongostore: count %s/%s in flight: %w", a.TaskID, a.Step, err)
	}
	return min(a.Limit, a.Window-int(n)), nil
}

// lock takes the step's lock, waiting while another holds it.
func (s *Store) lock(ctx context.Context, taskID, step, token string) error {
	for {
		now := time.Now()
		res, err := s.steps.UpdateOne(ctx,
			bson.M{"_id": scope(taskID, step), "$or": bson.A{
				bson.M{"lock_until": bson.M{"$exists": false}}, bson.M{"lock_until": bson.M{"$lt": micros(now)}},
			}},
			bson.M{"$set": bson.M{"lock": token, "lock_until": micros(now.Add(lockFor))}})
		if err != nil {
			return fmt.Errorf("mongostore: lock %s/%s: %w", taskID, step, err)
		}
		if res.MatchedCount == 1 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockRetry):
		}
	}
}

func (s *Store) unlock(ctx context.Context, taskID, step, token string) error {
	_, err := s.steps.UpdateOne(context.WithoutCancel(ctx), bson.M{"_id": scope(taskID, step), "lock": token},
		bson.M{"$unset": bson.M{"lock": "", "lock_until": ""}})
	if err != nil {
		return fmt.Errorf("mongostore: unlock %s/%s: %w", taskID, step, err)
	}
	return nil
}
