package usecase

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/internal/docstore"
)

// Tombstones forgets accounts, users and devices that were deleted long ago.
//
// A tombstone has two tasks: an older event must not revive what was deleted, and
// when a full sync wrote a device after its deletion, the reply must find what to
// tell the backend to delete. Both can come as late as a record stays on a topic, or
// comes back to it from the dead letters. A sync's request can be sent again as long
// as rsadaptor may take to answer, also after a stop of any length.
type Tombstones struct {
	tables Tables
	keep   time.Duration
	from   time.Time
	now    func() time.Time
}

// NewTombstones returns the use case over the tables. Tombstones are kept that long;
// a negative time means for ever. None is forgotten before the process has run for
// the time grace, in which requests from before its start are answered; now is the clock.
func NewTombstones(tables Tables, keep, grace time.Duration, now func() time.Time) *Tombstones {
	return &Tombstones{tables: tables, keep: keep, from: now().Add(grace), now: now}
}

// BuriedKey is the value of FieldBuried: times in their order as strings, and no
// value for what was not deleted.
func BuriedKey(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000000")
}

// Sweep forgets the tombstones that were kept long enough. What is made anew
// meanwhile stays.
func (t *Tombstones) Sweep(ctx context.Context) error {
	now := t.now()
	if t.keep < 0 || now.Before(t.from) {
		return nil
	}
	until := now.Add(-t.keep)
	return errors.Join(
		sweep(ctx, t.tables.Devices, until),
		sweep(ctx, t.tables.Users, until),
		sweep(ctx, t.tables.Accounts, until),
	)
}

func sweep[T any](ctx context.Context, table Table[T], until time.Time) error {
	const page = 200
	after := ""
	for {
		docs, err := table.FindBetween(ctx, FieldBuried, "0", BuriedKey(until), after, page)
		if err != nil {
			return fmt.Errorf("rsclient: tombstones: %w", err)
		}
		for _, doc := range docs {
			after = doc.ID
			err := table.Delete(ctx, doc.ID, doc.Version)
			if err != nil && !errors.Is(err, docstore.ErrConflict) && !errors.Is(err, docstore.ErrNotFound) {
				return fmt.Errorf("rsclient: forget %s: %w", doc.ID, err)
			}
		}
		if len(docs) < page {
			return nil
		}
	}
}
