package mongostore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/internal/docstore"
)

// posted is an event in the outbox. One that is published stays, without its data,
// until the low mark of the head has passed it.
type posted struct {
	Place   int64  `bson:"_id"`
	Stream  string `bson:"stream"`
	Data    []byte `bson:"data"`
	Waiting bool   `bson:"waiting"`         // it is not published
	Until   int64  `bson:"until"`           // Unix ns: the end of its lease; 0: it has none
	Token   string `bson:"token,omitempty"` // of the lease
}

// errSlow keeps events from being published at the end of their lease, when someone
// else may have them.
var errSlow = errors.New("the claim took more than half of its lease")

// applyEvents inserts the events of a commit that are not there.
func (b *Backend) applyEvents(ctx context.Context, h head) error {
	if len(h.Events) == 0 {
		return nil
	}
	docs := make([]posted, len(h.Events))
	for i, e := range h.Events {
		docs[i] = posted{Place: h.First + int64(i), Stream: e.Stream, Data: e.Data, Waiting: true}
	}
	_, err := b.outbox.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	return onlyDuplicates(err)
}

// lease is what one call of Claim takes its events under.
type lease struct {
	token      string
	now, until int64 // Unix ns
}

// Claim implements docstore.Backend. Whoever leases the first waiting event of a stream
// has the stream: the others look for a first event that is free, and find none.
func (b *Backend) Claim(ctx context.Context, duration time.Duration, limit int) ([]docstore.Event, error) {
	began := b.now()
	l := lease{token: rand.Text(), now: began.UnixNano(), until: began.Add(duration).UnixNano()}
	candidates, err := b.candidates(ctx, l, limit)
	if err == nil && len(candidates) > 0 {
		err = b.take(ctx, l, candidates)
	}
	if err != nil || len(candidates) == 0 {
		return nil, wrapped("claim", err)
	}
	taken, err := b.taken(ctx, l)
	if err == nil && b.now().Sub(began) > duration/2 {
		err = errSlow
	}
	if err != nil {
		return nil, wrap("claim", err)
	}
	events := make([]docstore.Event, len(taken))
	for i, p := range taken {
		events[i] = docstore.Event{Stream: p.Stream, Data: p.Data, Receipt: receipt{p.Place, l.token}.String()}
	}
	return events, nil
}

// candidates returns the oldest waiting events of the streams of which nothing is
// leased, out of commits that are applied whole.
func (b *Backend) candidates(ctx context.Context, l lease, limit int) ([]posted, error) {
	h, err := b.catchUp(ctx)
	if err != nil {
		return nil, err
	}
	leased := []string{}
	if err := b.outbox.Distinct(ctx, "stream", bson.M{"until": bson.M{"$gt": l.now}}).Decode(&leased); err != nil {
		return nil, fmt.Errorf("leased streams: %w", err)
	}
	found, err := find[posted](ctx, b.outbox, bson.M{
		"waiting": true, "_id": bson.M{"$gte": h.Low, "$lt": h.Next}, "stream": bson.M{"$nin": leased},
	}, options.Find().SetSort(bson.M{"_id": 1}).SetLimit(int64(limit)).SetProjection(bson.M{"stream": 1}))
	if err != nil {
		return nil, fmt.Errorf("candidates: %w", err)
	}
	return found, nil
}

// take leases the first candidate of each stream, and then the others of the streams
// whose first it got.
func (b *Backend) take(ctx context.Context, l lease, candidates []posted) error {
	var firsts, others []posted
	seen := map[string]bool{}
	for _, p := range candidates {
		if seen[p.Stream] {
			others = append(others, p)
		} else {
			firsts = append(firsts, p)
		}
		seen[p.Stream] = true
	}
	if err := b.lease(ctx, l, firsts); err != nil || len(others) == 0 {
		return err
	}
	got, err := b.leasedBy(ctx, l, bson.M{"stream": 1})
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, p := range got {
		ours[p.Stream] = true
	}
	var rest []posted
	for _, p := range others {
		if ours[p.Stream] {
			rest = append(rest, p)
		}
	}
	return b.lease(ctx, l, rest)
}

// lease leases those of the events that wait and are free.
func (b *Backend) lease(ctx context.Context, l lease, events []posted) error {
	if len(events) == 0 {
		return nil
	}
	places := make([]int64, len(events))
	for i, p := range events {
		places[i] = p.Place
	}
	_, err := b.outbox.UpdateMany(ctx, bson.M{
		"_id": bson.M{"$in": places}, "waiting": true, "until": bson.M{"$lte": l.now},
	}, set(bson.M{"until": l.until, "token": l.token}))
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	return nil
}

func (b *Backend) leasedBy(ctx context.Context, l lease, fields bson.M) ([]posted, error) {
	found, err := find[posted](ctx, b.outbox, bson.M{
		"until": l.until, "token": l.token, "waiting": true,
	}, options.Find().SetSort(bson.M{"_id": 1}).SetProjection(fields))
	if err != nil {
		return nil, fmt.Errorf("leased: %w", err)
	}
	return found, nil
}

// taken returns the leased events, but for what was published before: a late insert may
// have put it there again, and that is looked at last.
func (b *Backend) taken(ctx context.Context, l lease) ([]posted, error) {
	got, err := b.leasedBy(ctx, l, bson.M{"stream": 1, "data": 1})
	if err != nil {
		return nil, err
	}
	h, err := b.look(ctx)
	if err != nil {
		return nil, err
	}
	for len(got) > 0 && got[0].Place < h.Low {
		got = got[1:]
	}
	return got, nil
}

// Waiting implements docstore.Backend.
func (b *Backend) Waiting(ctx context.Context) (oldest, newest int64, err error) {
	h, err := b.catchUp(ctx)
	if err != nil {
		return 0, 0, wrap("waiting", err)
	}
	if oldest, err = b.end(ctx, h.Low, 1); err == nil && oldest != 0 {
		newest, err = b.end(ctx, h.Low, -1)
	}
	if err != nil {
		return 0, 0, wrap("waiting", err)
	}
	if newest == 0 { // emptied meanwhile
		oldest = 0
	}
	return oldest, newest, nil
}

// end returns the place of the first or, with order -1, the last waiting event from low
// on, 0 if none waits.
func (b *Backend) end(ctx context.Context, low int64, order int) (int64, error) {
	var p posted
	err := b.outbox.FindOne(ctx, bson.M{"waiting": true, "_id": bson.M{"$gte": low}}, options.FindOne().SetSort(bson.M{"_id": order}).SetProjection(bson.M{"_id": 1})).Decode(&p)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return 0, nil
	}
	return p.Place, err
}
