package mongostore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// receipt names an event and the lease under which it was handed out.
type receipt struct {
	place int64
	token string
}

// String returns the receipt as callers hold it.
func (r receipt) String() string { return strconv.FormatInt(r.place, 10) + "/" + r.token }

func parseReceipts(texts []string) ([]receipt, error) {
	out := make([]receipt, len(texts))
	for i, text := range texts {
		place, token, _ := strings.Cut(text, "/")
		var err error
		if out[i].place, err = strconv.ParseInt(place, 10, 64); err != nil {
			return nil, fmt.Errorf("receipt %q: %w", text, err)
		}
		out[i].token = token
	}
	return out, nil
}

// Settle implements docstore.Backend.
func (b *Backend) Settle(ctx context.Context, published, returned []string) error {
	done, err := parseReceipts(published)
	if err != nil {
		return wrap("settle", err)
	}
	back, err := parseReceipts(returned)
	if err != nil {
		return wrap("settle", err)
	}
	if err := b.giveBack(ctx, back); err != nil {
		return wrap("settle", err)
	}
	if len(done) == 0 {
		return nil
	}
	if err := b.publish(ctx, done); err != nil {
		return wrap("settle", err)
	}
	return wrapped("trim the outbox", b.trim(ctx))
}

// giveBack ends leases, if they are still those of the receipts.
func (b *Backend) giveBack(ctx context.Context, receipts []receipt) error {
	places := map[string][]int64{}
	for _, r := range receipts {
		places[r.token] = append(places[r.token], r.place)
	}
	for token, of := range places {
		_, err := b.outbox.UpdateMany(ctx, bson.M{"_id": bson.M{"$in": of}, "token": token, "waiting": true},
			bson.M{"$set": bson.M{"until": int64(0)}, "$unset": bson.M{"token": ""}})
		if err != nil {
			return err
		}
	}
	return nil
}

// publish marks events as published, whoever has leased them.
func (b *Backend) publish(ctx context.Context, receipts []receipt) error {
	places := make([]int64, len(receipts))
	for i, r := range receipts {
		places[i] = r.place
	}
	_, err := b.outbox.UpdateMany(ctx, bson.M{"_id": bson.M{"$in": places}}, bson.M{
		"$set": bson.M{"waiting": false, "until": int64(0)}, "$unset": bson.M{"data": "", "token": ""},
	})
	return err
}

// trim removes the published events that nothing waits before. The order of its steps
// matters: the commits are looked at before the events, since what they still have to
// insert must stay above the mark; and the mark is kept before anything is removed.
func (b *Backend) trim(ctx context.Context) error {
	h, err := b.look(ctx)
	if err != nil {
		return err
	}
	low := h.Next
	if !h.Applied {
		low = h.First
	}
	oldest, err := b.end(ctx, h.Low, 1)
	if err != nil {
		return err
	}
	if oldest != 0 {
		low = min(low, oldest)
	}
	if low <= h.Low {
		return nil
	}
	if _, err := b.heads.UpdateOne(ctx, bson.M{"_id": headID}, bson.M{"$max": bson.M{"low": low}}); err != nil {
		return err
	}
	_, err = b.outbox.DeleteMany(ctx, bson.M{"_id": bson.M{"$lt": low}})
	return err
}
