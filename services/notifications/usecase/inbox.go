// Package usecase holds what notifications does: an inbox for each account.
package usecase

import (
	"context"
	"errors"
	"time"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Notification is one thing that a customer is told.
type Notification struct {
	NotificationID string `json:"notification_id"`
	Type           string `json:"type"` // the event type, such as device_inactive_deleted
	rsevent.DeviceNotification
}

// Inbox keeps notifications. It may be used concurrently.
type Inbox struct {
	docs *docstore.Collection[Notification]
	keep time.Duration
	now  func() time.Time
}

// NewInbox returns the use cases over a store. Notifications are kept that long.
func NewInbox(store *docstore.Store, keep time.Duration, now func() time.Time) *Inbox {
	return &Inbox{
		docs: docstore.NewCollection(store, "notifications",
			docstore.IndexBy("owner", func(n Notification) string { return owner(n.ISPID, n.AccountID) }),
			docstore.IndexBy("timestamp", func(n Notification) string { return n.Timestamp.UTC().Format(time.RFC3339) })),
		keep: keep, now: now,
	}
}

// owner names an account of a provider; ids hold no slash.
func owner(ispID, accountID string) string { return ispID + "/" + accountID }

// Add puts a notification into its account's inbox. One that is there is left alone,
// so that an event may come again.
func (i *Inbox) Add(ctx context.Context, n Notification) error {
	// The time comes first, so that the order of ids is the order of events.
	id := n.Timestamp.UTC().Format("20060102T150405.000Z") + "-" + n.NotificationID
	_, err := i.docs.Insert(ctx, id, n)
	if errors.Is(err, docstore.ErrExists) {
		return nil
	}
	return err
}

// List returns up to limit notifications of an account, the oldest first, after the
// one with that cursor.
func (i *Inbox) List(ctx context.Context, ispID, accountID, after string, limit int) ([]docstore.Document[Notification], error) {
	return i.docs.Find(ctx, "owner", owner(ispID, accountID), after, limit)
}

// Forget removes notifications that were kept long enough.
func (i *Inbox) Forget(ctx context.Context) error {
	const page = 200
	until := i.now().Add(-i.keep).UTC().Format(time.RFC3339)
	for {
		docs, err := i.docs.FindBetween(ctx, "timestamp", "0", until, "", page)
		if err != nil {
			return err
		}
		for _, doc := range docs {
			if err := i.docs.Delete(ctx, doc.ID, 0); err != nil && !errors.Is(err, docstore.ErrNotFound) {
				return err
			}
		}
		if len(docs) < page {
			return nil
		}
	}
}
