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

// CloseRequests implements asynctask.RequestStore.
func (s *Store) CloseRequests(ctx context.Context, closings []asynctask.Closing) ([]asynctask.Closed, error) {
	out := make([]asynctask.Closed, len(closings))
	for i, c := range closings {
		var err error
		if out[i], err = s.closeOne(ctx, c); err != nil {
			return nil, fmt.Errorf("mongostore: close %s: %w", asynctask.RequestID(c.TaskID, c.Step, c.Name), err)
		}
	}
	return out, nil
}

func (s *Store) closeOne(ctx context.Context, c asynctask.Closing) (asynctask.Closed, error) {
	id := asynctask.RequestID(c.TaskID, c.Step, c.Name)
	before := new(requestDoc)
	err := s.requests.FindOneAndUpdate(ctx, bson.M{"_id": id, "open": true}, closing(c),
		options.FindOneAndUpdate().SetReturnDocument(options.Before)).Decode(before)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return s.closedBefore(ctx, c, id)
	}
	if err != nil {
		return asynctask.Closed{}, err
	}
	sums := bson.M{sumOf(c.State): int64(1)}
	if c.Late {
		sums = bson.M{"cancelled": int64(1)}
		err = s.countLate(ctx, c.TaskID, c.Step)
	}
	if before.State == asynctask.RequestInFlight {
		sums["in_flight"] = int64(-1)
	}
	return asynctask.Closed{Found: asynctask.FoundOpen, SentAt: instant(before.SentAt)}, errors.Join(err, s.count(ctx, c.TaskID, c.Step, sums))
}

// closing is the update that closes a request. What it stands for is always
// stored, so that a tally only has to add.
func closing(c asynctask.Closing) bson.M {
	unset := bson.M{"open": "", "next_at": "", "parked": ""}
	if c.Late {
		return change(bson.M{"state": asynctask.RequestCancelled, "total": int64(1), "failed": int64(1)}, unset, bson.M{"late": 1})
	}
	n := asynctask.Record{State: c.State, Reply: &c.Reply}.Counts()
	set := bson.M{
		"state": c.State, "closed": true, "counted": c.Reply.Counts != nil, "total": n.Total, "ok": n.OK, "failed": n.Failed,
	}
	setOrUnset(set, unset, "replied_at", micros(c.Reply.Timestamp))
	if e := c.Reply.Error; e != nil {
		set["error_code"], set["error_text"] = e.Code, e.Text
	}
	return change(set, unset, nil)
}

func sumOf(s asynctask.RequestState) string {
	switch s {
	case asynctask.RequestOK:
		return "ok"
	case asynctask.RequestFailed:
		return "failed"
	default:
		return "cancelled"
	}
}

// closedBefore tells what a reply met that found no open request, and counts it
// if no reply had closed the request.
func (s *Store) closedBefore(ctx context.Context, c asynctask.Closing, id string) (asynctask.Closed, error) {
	d := new(requestDoc)
	err := s.requests.FindOneAndUpdate(ctx, bson.M{"_id": id, "replied_at": bson.M{"$exists": false}},
		bson.M{"$inc": bson.M{"late": 1}}).Decode(d)
	if err == nil {
		return asynctask.Closed{Found: asynctask.FoundClosed, SentAt: instant(d.SentAt)}, s.countLate(ctx, c.TaskID, c.Step)
	}
	if !errors.Is(err, mongo.ErrNoDocuments) {
		return asynctask.Closed{}, err
	}
	err = s.requests.FindOne(ctx, bson.M{"_id": id}).Decode(d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return asynctask.Closed{Found: asynctask.FoundNothing}, nil
	}
	return asynctask.Closed{Found: asynctask.FoundAnswered, SentAt: instant(d.SentAt)}, err
}

// CloseOpen implements asynctask.RequestStore.
func (s *Store) CloseOpen(ctx context.Context, taskID string, limit int) (int, error) {
	docs, err := find[requestDoc](ctx, s.requests, bson.M{"task_id": taskID, "open": true}, nil, int64(limit), "step")
	if err != nil {
		return 0, fmt.Errorf("mongostore: look for what is open in %s: %w", taskID, err)
	}
	if len(docs) == 0 {
		return 0, s.mendSteps(ctx, taskID)
	}
	n := 0
	for step, ids := range byStep(docs) {
		res, err := s.requests.UpdateMany(ctx, bson.M{"_id": bson.M{"$in": ids}, "open": true}, change(
			bson.M{"state": asynctask.RequestCancelled, "total": int64(1), "failed": int64(1)},
			bson.M{"open": "", "next_at": "", "parked": ""}, nil))
		if err != nil {
			return n, fmt.Errorf("mongostore: close what is open in %s: %w", taskID, err)
		}
		n += int(res.ModifiedCount)
		if err := s.count(ctx, taskID, step, bson.M{"cancelled": res.ModifiedCount}); err != nil {
			return n, err
		}
	}
	return n, nil
}

func byStep(docs []requestDoc) map[string][]string {
	ids := map[string][]string{}
	for _, d := range docs {
		ids[d.Step] = append(ids[d.Step], d.ID)
	}
	return ids
}
