// Package sqlbox keeps an outbox and an inbox for eventbus in SQL, through bun:
// SQLite and PostgreSQL.
//
// Outbox: Add writes messages in the caller's transaction, next to the state they
// tell of; a Relay publishes them. Both or neither happen, at least once, in the
// order of Add per topic and key, as long as writers of one key take turns, by a
// lock or a version check on what they write. Every replica runs a Relay; the one
// that holds the lease publishes, and another takes over when it stops.
//
//	err := db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
//		// ... write the state ...
//		return sqlbox.Add(ctx, tx, msg)
//	})
//
// What a callback adds continues the trace of the message it handles; see Outbox for
// other traces.
//
// A message that the bus takes at no time, because it is too large, is set aside into
// the table eventbus_outbox_refused, with the error; those of its key go on.
//
//	relay := sqlbox.NewRelay(db, producer, sqlbox.RelayConfig{})
//	err = relay.Run(ctx) // until ctx ends
//
// Inbox: with eventbus.Once, a callback's writes through Tx happen exactly once.
//
//	callback := eventbus.Once(sqlbox.NewInbox(db), eventbus.CallbackFunc(
//		func(ctx context.Context, msg *eventbus.Message) error {
//			_, err := sqlbox.Tx(ctx, db).NewInsert().Model(...).Exec(ctx)
//			return err
//		}))
package sqlbox

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/eventbus"
)

type outboxRow struct {
	bun.BaseModel `bun:"table:eventbus_outbox"`

	Seq       int64             `bun:",pk,autoincrement"`
	ID        string            `bun:",notnull"`
	Topic     string            `bun:",notnull"`
	Key       []byte            `bun:",nullzero"` // any bytes
	EventType string            `bun:",notnull"`
	Payload   []byte            `bun:",nullzero"`
	TraceID   map[string]string `bun:",nullzero"`
	Timestamp time.Time         `bun:",notnull"`
}

type leaseRow struct {
	bun.BaseModel `bun:"table:eventbus_leases"`

	Name   string    `bun:",pk"`
	Holder string    `bun:",notnull"`
	Until  time.Time `bun:",notnull"`
}

type inboxRow struct {
	bun.BaseModel `bun:"table:eventbus_inbox"`

	Group     string    `bun:"consumer_group,pk"`
	ID        string    `bun:"message_id,pk"`
	HandledAt time.Time `bun:",notnull"`
}

// CreateTables creates the tables that do not exist: eventbus_outbox,
// eventbus_outbox_refused, eventbus_leases and eventbus_inbox.
func CreateTables(ctx context.Context, db bun.IDB) error {
	for _, model := range []any{(*outboxRow)(nil), (*refusedRow)(nil), (*leaseRow)(nil), (*inboxRow)(nil)} {
		if _, err := db.NewCreateTable().Model(model).IfNotExists().Exec(ctx); err != nil {
			return fmt.Errorf("sqlbox: create tables: %w", err)
		}
	}
	return nil
}

func (r *outboxRow) message() *eventbus.Message {
	return &eventbus.Message{
		ID: r.ID, Topic: r.Topic, Key: string(r.Key), EventType: r.EventType, Payload: r.Payload,
		TraceID: r.TraceID, Timestamp: r.Timestamp.UTC(),
	}
}

// stored is a time as every database keeps it.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
