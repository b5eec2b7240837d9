package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// headID is the id of the only document in its collection.
const headID = "head"

// head is the last commit, and what is known of the outbox.
type head struct {
	ID      string   `bson:"_id"`
	Seq     int64    `bson:"seq"`     // number of the commit
	Token   string   `bson:"token"`   // tells it from another one with its number that was rolled back
	Applied bool     `bson:"applied"` // the documents and the outbox hold it
	First   int64    `bson:"first"`   // place of its first event
	Next    int64    `bson:"next"`    // place of the first event of the next commit
	Low     int64    `bson:"low"`     // everything below this place is published; only grows
	Changes []change `bson:"changes"`
	Events  []event  `bson:"events"`
}

// change is a document as a commit makes it.
type change struct {
	Key     string  `bson:"key"`
	Version int64   `bson:"version"` // 0: it is deleted
	Data    []byte  `bson:"data,omitempty"`
	Fields  []field `bson:"fields,omitempty"`
}

// event is one event of a commit. Its place follows from where it stands.
type event struct {
	Stream string `bson:"stream"`
	Data   []byte `bson:"data"`
}

// look returns the head without its changes and events.
func (b *Backend) look(ctx context.Context) (head, error) {
	return b.read(ctx, options.FindOne().SetProjection(bson.M{"changes": 0, "events": 0}))
}

func (b *Backend) read(ctx context.Context, opts ...options.Lister[options.FindOneOptions]) (head, error) {
	var h head
	if err := b.heads.FindOne(ctx, bson.M{"_id": headID}, opts...).Decode(&h); err != nil {
		return h, fmt.Errorf("head: %w", err)
	}
	return h, nil
}

// catchUp returns the head of a moment at which it was applied, having applied it if
// need be.
func (b *Backend) catchUp(ctx context.Context) (head, error) {
	h, err := b.look(ctx)
	if err != nil || h.Applied {
		return h, err
	}
	b.applying.Lock()
	defer b.applying.Unlock()
	if h, err = b.read(ctx); err != nil || h.Applied {
		return h, err
	}
	return h, b.apply(ctx, h)
}

// commit makes next the head if that is still tip. The low mark stays as it is.
func (b *Backend) commit(ctx context.Context, tip, next head) (won bool, err error) {
	res, err := b.heads.UpdateOne(ctx,
		bson.M{"_id": headID, "seq": tip.Seq, "token": tip.Token},
		set(bson.M{
			"seq": next.Seq, "token": next.Token, "applied": false, "first": next.First, "next": next.Next,
			"changes": next.Changes, "events": next.Events,
		}))
	if err != nil {
		return false, fmt.Errorf("commit: %w", err)
	}
	return res.MatchedCount == 1, nil
}

// apply stores the documents and then the events of a commit: who is told of a change
// can read it. Any number of processes may do it, at any time.
func (b *Backend) apply(ctx context.Context, h head) error {
	if err := b.applyDocuments(ctx, h); err != nil {
		return fmt.Errorf("apply commit %d: documents: %w", h.Seq, err)
	}
	if err := b.applyEvents(ctx, h); err != nil {
		return fmt.Errorf("apply commit %d: events: %w", h.Seq, err)
	}
	_, err := b.heads.UpdateOne(ctx,
		bson.M{"_id": headID, "seq": h.Seq, "token": h.Token},
		set(bson.M{"applied": true}))
	if err != nil {
		return fmt.Errorf("apply commit %d: %w", h.Seq, err)
	}
	return nil
}

func set(fields bson.M) bson.M { return bson.M{"$set": fields} }
