package sqlbox

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/eventbus"
)

// refusedRow is an outboxRow that the bus takes at no time.
type refusedRow struct {
	bun.BaseModel `bun:"table:eventbus_outbox_refused"`

	Seq       int64             `bun:",pk"`
	ID        string            `bun:",notnull"`
	Topic     string            `bun:",notnull"`
	Key       []byte            `bun:",nullzero"`
	EventType string            `bun:",notnull"`
	Payload   []byte            `bun:",nullzero"`
	TraceID   map[string]string `bun:",nullzero"`
	Timestamp time.Time         `bun:",notnull"`
	Error     string            `bun:",notnull"`
	RefusedAt time.Time         `bun:",notnull"`
}

// refused returns the rows that failed for what they are, by their index.
func refused(rows []*outboxRow, err error) map[int]*refusedRow {
	some, ok := errors.AsType[*eventbus.PublishError](err)
	if !ok {
		return nil
	}
	aside := make(map[int]*refusedRow)
	for _, f := range some.Failed {
		if !eventbus.Refused(f.Err) {
			continue
		}
		row := rows[f.Index]
		aside[f.Index] = &refusedRow{
			Seq: row.Seq, ID: row.ID, Topic: row.Topic, Key: row.Key, EventType: row.EventType, Payload: row.Payload,
			TraceID: row.TraceID, Timestamp: row.Timestamp, Error: f.Err.Error(), RefusedAt: stored(time.Now()),
		}
	}
	return aside
}

// remove deletes the rows that are done, and keeps the refused ones of them aside.
func (r *Relay) remove(ctx context.Context, done []int64, aside map[int]*refusedRow) error {
	return r.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		for _, row := range aside {
			if _, err := tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
				return err
			}
			r.cfg.Logger.ErrorContext(ctx, "sqlbox: message refused by the bus, set aside", "seq", row.Seq,
				"topic", row.Topic, "event_type", row.EventType, "id", row.ID, "error", row.Error)
		}
		_, err := tx.NewDelete().Model((*outboxRow)(nil)).Where("seq IN (?)", bun.List(done)).Exec(ctx)
		return err
	})
}
