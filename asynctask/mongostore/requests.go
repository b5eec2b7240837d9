package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/asynctask"
)

// InsertRequests implements asynctask.RequestStore.
func (s *Store) InsertRequests(ctx context.Context, taskID, step string, recs []asynctask.Record) ([]asynctask.Record, error) {
	if growing, err := s.growing(ctx, taskID, step); err != nil || !growing {
		return nil, errors.Join(err, notRunning(growing))
	}
	if err := s.touchStep(ctx, recs[0]); err != nil {
		return nil, err
	}
	docs := make([]*requestDoc, len(recs))
	for i, r := range recs {
		docs[i] = toRequestDoc(r)
	}
	_, err := s.requests.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	repeated, err := duplicates(err)
	if err != nil {
		return nil, fmt.Errorf("mongostore: insert requests of %s/%s: %w", taskID, step, err)
	}
	var fresh, old []string
	for i, d := range docs {
		if repeated[i] {
			old = append(old, d.ID)
		} else {
			fresh = append(fresh, d.ID)
		}
	}
	if growing, err := s.growing(ctx, taskID, step); err != nil || !growing {
		return nil, errors.Join(err, notRunning(growing), s.takeBack(ctx, fresh, recs[0].Run))
	}
	if err := s.count(ctx, taskID, step, bson.M{"total": int64(len(fresh))}); err != nil || len(old) == 0 {
		return nil, err
	}
	found, err := find[requestDoc](ctx, s.requests, bson.M{"_id": bson.M{"$in": old}}, nil, 0)
	if err != nil {
		return nil, fmt.Errorf("mongostore: read requests of %s/%s: %w", taskID, step, err)
	}
	return records(found), s.adopt(ctx, old, recs[0].Run)
}

func records(docs []requestDoc) []asynctask.Record {
	var out []asynctask.Record
	for i := range docs {
		out = append(out, docs[i].record())
	}
	return out
}

// duplicates returns which inserts met an id that was there; err for any other
// failure.
func duplicates(err error) (map[int]bool, error) {
	repeated := map[int]bool{}
	bulk, ok := errors.AsType[mongo.BulkWriteException](err)
	if !ok || bulk.WriteConcernError != nil {
		return repeated, err
	}
	for _, e := range bulk.WriteErrors {
		if !mongo.IsDuplicateKeyError(e.WriteError) {
			return nil, err
		}
		repeated[e.Index] = true
	}
	return repeated, nil
}

func notRunning(running bool) error {
	if running {
		return nil
	}
	return asynctask.ErrNotRunning
}

func (s *Store) running(ctx context.Context, taskID, step string) (bool, error) {
	return s.is(ctx, taskID, step, bson.M{"_id": taskID, "step": step, "state": asynctask.StateRunning})
}

// growing reports whether the task runs the step and it is not sealed.
func (s *Store) growing(ctx context.Context, taskID, step string) (bool, error) {
	return s.is(ctx, taskID, step, bson.M{"_id": taskID, "step": step, "state": asynctask.StateRunning, "sealed": false})
}

func (s *Store) is(ctx context.Context, taskID, step string, query bson.M) (bool, error) {
	err := s.tasks.FindOne(ctx, query,
		options.FindOne().SetProjection(bson.M{"_id": 1})).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("mongostore: look for %s/%s: %w", taskID, step, err)
	}
	return true, nil
}

// takeBack removes requests that a fan-out inserted for a task that had just
// ended, or into a step just sealed, unless another fan-out adopted them.
func (s *Store) takeBack(ctx context.Context, ids []string, run int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := s.requests.DeleteMany(ctx, bson.M{"_id": bson.M{"$in": ids}, "state": asynctask.RequestWaiting, "run": run})
	return err
}

// adopt makes requests that a fan-out found stored its own: whoever inserted them
// may be about to take them back.
func (s *Store) adopt(ctx context.Context, ids []string, run int64) error {
	_, err := s.requests.UpdateMany(ctx, bson.M{"_id": bson.M{"$in": ids}, "run": bson.M{"$lt": run}}, bson.M{"$set": bson.M{"run": run}})
	if err != nil {
		return fmt.Errorf("mongostore: adopt %d requests: %w", len(ids), err)
	}
	return nil
}

// Reschedule implements asynctask.RequestStore.
func (s *Store) Reschedule(ctx context.Context, recs []asynctask.Record) error {
	writes := make([]mongo.WriteModel, len(recs))
	for i, r := range recs {
		set, unset := bson.M{"sent": r.Sent, "attempt": r.Attempt}, bson.M{}
		setOrUnset(set, unset, "sent_at", micros(r.SentAt))
		setOrUnset(set, unset, "next_at", micros(r.NextAt))
		if r.Reply == nil {
			unset["parked"] = ""
		} else {
			p, err := toParked(r.Reply)
			if err != nil {
				return fmt.Errorf("mongostore: park %s: %w", r.ID(), err)
			}
			set["parked"] = p
		}
		writes[i] = mongo.NewUpdateOneModel().
			SetFilter(bson.M{"_id": r.ID(), "state": asynctask.RequestInFlight}).SetUpdate(change(set, unset, nil))
	}
	if _, err := s.requests.BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false)); err != nil {
		return fmt.Errorf("mongostore: reschedule %d requests: %w", len(recs), err)
	}
	return nil
}

// ClaimRequests implements asynctask.RequestStore.
func (s *Store) ClaimRequests(ctx context.Context, c asynctask.Claim) ([]asynctask.Record, error) {
	var out []asynctask.Record
	for bytes := 0; len(out) < c.Limit && len(c.Scopes) > 0 && within(bytes, c.Bytes); {
		d := new(requestDoc)
		err := s.requests.FindOneAndUpdate(ctx, due(c), bson.M{"$set": bson.M{"next_at": micros(c.Until)}},
			options.FindOneAndUpdate().SetSort(bson.D{{Key: "next_at", Value: 1}}).SetReturnDocument(options.After)).Decode(d)
		if errors.Is(err, mongo.ErrNoDocuments) {
			break
		}
		if err != nil {
			return out, fmt.Errorf("mongostore: claim requests: %w", err)
		}
		out, bytes = append(out, d.record()), bytes+d.Size
	}
	return out, nil
}

// HasOpen implements asynctask.RequestStore.
func (s *Store) HasOpen(ctx context.Context, taskID, step string) (bool, error) {
	err := s.requests.FindOne(ctx, bson.M{"task_id": taskID, "step": step, "open": true},
		options.FindOne().SetProjection(bson.M{"_id": 1})).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("mongostore: probe %s/%s: %w", taskID, step, err)
	}
	return true, nil
}

// ListRequests implements asynctask.RequestStore.
func (s *Store) ListRequests(ctx context.Context, f asynctask.RequestFilter) ([]asynctask.Record, error) {
	q := bson.M{"task_id": f.TaskID, "$or": bson.A{
		bson.M{"step": bson.M{"$gt": f.AfterStep}},
		bson.M{"step": f.AfterStep, "name": bson.M{"$gt": f.AfterName}},
	}}
	if f.Step != "" {
		q["step"] = f.Step
	}
	if len(f.States) > 0 {
		q["state"] = bson.M{"$in": f.States}
	}
	docs, err := find[requestDoc](ctx, s.requests, q, bson.D{{Key: "step", Value: 1}, {Key: "name", Value: 1}}, limitOr(f.Limit))
	if err != nil {
		return nil, fmt.Errorf("mongostore: list requests of %s: %w", f.TaskID, err)
	}
	return records(docs), nil
}
