package mongostore

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/asynctask"
)

// stepDoc sums up a task's step for progress.
type stepDoc struct {
	ID        string `bson:"_id"` // task/step
	TaskID    string `bson:"task_id"`
	Step      string `bson:"step"`
	Type      string `bson:"type"`
	JobID     string `bson:"job_id"`
	CreatedAt int64  `bson:"created_at"`
	Total     int64  `bson:"total"`
	InFlight  int64  `bson:"in_flight"`
	OK        int64  `bson:"ok"`
	Failed    int64  `bson:"failed"`
	Cancelled int64  `bson:"cancelled"`
	Late      int64  `bson:"late"`
}

// touchStep makes the step's document if it is not there.
func (s *Store) touchStep(ctx context.Context, r asynctask.Record) error {
	_, err := s.steps.UpdateOne(ctx, bson.M{"_id": scope(r.TaskID, r.Step)}, bson.M{"$setOnInsert": bson.M{
		"task_id": r.TaskID, "step": r.Step, "type": r.Type, "job_id": r.JobID, "created_at": time.Now().UnixMicro(),
	}}, options.UpdateOne().SetUpsert(true))
	if err != nil {
		return fmt.Errorf("mongostore: step %s/%s: %w", r.TaskID, r.Step, err)
	}
	return nil
}

// count adds to the step's sums, unless they are exact: then a tally has seen what
// is to be added.
func (s *Store) count(ctx context.Context, taskID, step string, sums bson.M) error {
	return s.add(ctx, inexact(taskID, step), taskID, step, sums)
}

func inexact(taskID, step string) bson.M {
	return bson.M{"_id": scope(taskID, step), "exact": bson.M{"$ne": true}}
}

// countLate adds to the step's late replies, which tallies leave alone.
func (s *Store) countLate(ctx context.Context, taskID, step string) error {
	return s.add(ctx, bson.M{"_id": scope(taskID, step)}, taskID, step, bson.M{"late": int64(1)})
}

func (s *Store) add(ctx context.Context, which bson.M, taskID, step string, sums bson.M) error {
	if _, err := s.steps.UpdateOne(ctx, which, bson.M{"$inc": sums}); err != nil {
		return fmt.Errorf("mongostore: count %s/%s: %w", taskID, step, err)
	}
	return nil
}

// Tally implements asynctask.RequestStore, and sets the step's sums to what the
// records say. That is exact, and stays so, once none of them is open.
func (s *Store) Tally(ctx context.Context, taskID, step string) (asynctask.Tally, error) {
	cursor, err := s.requests.Aggregate(ctx, bson.A{
		bson.M{"$match": bson.M{"task_id": taskID, "step": step}},
		bson.M{"$group": bson.M{
			"_id": "$state", "n": bson.M{"$sum": int64(1)},
			"total": bson.M{"$sum": "$total"}, "ok": bson.M{"$sum": "$ok"}, "failed": bson.M{"$sum": "$failed"},
		}},
	})
	if err != nil {
		return asynctask.Tally{}, fmt.Errorf("mongostore: tally %s/%s: %w", taskID, step, err)
	}
	var groups []stateCount
	if err := cursor.All(ctx, &groups); err != nil {
		return asynctask.Tally{}, fmt.Errorf("mongostore: tally %s/%s: %w", taskID, step, err)
	}
	t, sums := tally(groups)
	if _, err := s.steps.UpdateOne(ctx, inexact(taskID, step), bson.M{"$set": sums}); err != nil {
		return t, fmt.Errorf("mongostore: mend %s/%s: %w", taskID, step, err)
	}
	return t, nil
}

// stateCount sums up a step's requests that are in one state.
type stateCount struct {
	State             asynctask.RequestState `bson:"_id"`
	N                 int64                  `bson:"n"`
	Total, OK, Failed int64
}

// tally adds up the states, also as the step's document has them.
func tally(groups []stateCount) (asynctask.Tally, bson.M) {
	var t asynctask.Tally
	sums := bson.M{"total": int64(0), "in_flight": int64(0), "ok": int64(0), "failed": int64(0), "cancelled": int64(0), "exact": true}
	for _, g := range groups {
		t.Total += g.N
		switch {
		case g.State == asynctask.RequestInFlight:
			sums["in_flight"] = g.N
		case !g.State.Open():
			sums[sumOf(g.State)] = g.N
		}
		if g.State.Open() {
			g.Total, sums["exact"] = g.N, false
		}
		if g.State == asynctask.RequestFailed || g.State == asynctask.RequestCancelled {
			t.Failed += g.N
		}
		t.Counts.Total, t.Counts.OK, t.Counts.Failed = t.Counts.Total+g.Total, t.Counts.OK+g.OK, t.Counts.Failed+g.Failed
	}
	sums["total"] = t.Total
	return t, sums
}

// mendSteps sets the sums of all the task's steps to what the records say.
func (s *Store) mendSteps(ctx context.Context, taskID string) error {
	docs, err := find[stepDoc](ctx, s.steps, bson.M{"task_id": taskID}, nil, 0)
	if err != nil {
		return fmt.Errorf("mongostore: steps of %s: %w", taskID, err)
	}
	for _, d := range docs {
		if _, err := s.Tally(ctx, taskID, d.Step); err != nil {
			return err
		}
	}
	return nil
}

// Progress implements asynctask.JobStore.
func (s *Store) Progress(ctx context.Context, jobID string) ([]asynctask.Level, error) {
	docs, err := find[stepDoc](ctx, s.steps, bson.M{"job_id": jobID}, nil, 0)
	if err != nil {
		return nil, fmt.Errorf("mongostore: progress of job %s: %w", jobID, err)
	}
	tasks, err := find[taskDoc](ctx, s.tasks, bson.M{"job_id": jobID}, nil, 0, "type", "step", "state", "sealed")
	if err != nil {
		return nil, fmt.Errorf("mongostore: progress of job %s: %w", jobID, err)
	}
	counted := make(map[string]bool, len(docs))
	for _, d := range docs {
		counted[d.ID] = true
	}
	growing := map[string]bool{}
	for _, t := range tasks {
		id := scope(t.ID, t.Step)
		growing[id] = t.State == asynctask.StateRunning && !t.Sealed
		if !counted[id] {
			docs = append(docs, stepDoc{ID: id, Step: t.Step, Type: t.Type, CreatedAt: math.MaxInt64}) // it appeared last
		}
	}
	return levels(docs, growing), nil
}

// levels adds up steps per type and name, in order of their first appearance.
func levels(docs []stepDoc, growing map[string]bool) []asynctask.Level {
	slices.SortFunc(docs, func(a, b stepDoc) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	index := map[string]int{}
	var out []asynctask.Level
	for _, d := range docs {
		k := scope(d.Type, d.Step)
		i, ok := index[k]
		if !ok {
			i = len(out)
			index[k] = i
			out = append(out, asynctask.Level{Type: d.Type, Step: d.Step})
		}
		l := &out[i]
		l.Tasks++
		if growing[d.ID] {
			l.Growing++
		}
		l.Total += d.Total
		l.InFlight += d.InFlight
		l.OK += d.OK
		l.Failed += d.Failed
		l.Cancelled += d.Cancelled
		l.Late += d.Late
	}
	return out
}
