package sqlbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// Inbox implements eventbus.Inbox. It is safe for concurrent use.
type Inbox struct{ db *bun.DB }

// NewInbox returns an inbox in db, whose tables CreateTables made.
func NewInbox(db *bun.DB) *Inbox { return &Inbox{db: db} }

type txKey struct{}

// Tx returns the transaction of the Once that ctx belongs to, or db outside one.
func Tx(ctx context.Context, db *bun.DB) bun.IDB {
	if tx, ok := ctx.Value(txKey{}).(bun.Tx); ok {
		return tx
	}
	return db
}

// Once implements eventbus.Inbox: effect runs in a transaction, see Tx, that
// also notes the message.
func (b *Inbox) Once(ctx context.Context, group, id string, effect func(ctx context.Context) error) error {
	var failed error
	err := b.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		row := &inboxRow{Group: group, ID: id, HandledAt: stored(time.Now())}
		result, err := tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err // handled before
		}
		failed = effect(context.WithValue(ctx, txKey{}, tx))
		return failed
	})
	if err != nil && !errors.Is(err, failed) || err != nil && failed == nil {
		return fmt.Errorf("sqlbox: inbox: %w", err)
	}
	return err
}

// Prune forgets messages handled before a time: later than any message that may
// still come again, such as the retention of the topics. It returns how many.
func (b *Inbox) Prune(ctx context.Context, before time.Time) (int64, error) {
	result, err := b.db.NewDelete().Model((*inboxRow)(nil)).Where("handled_at < ?", stored(before)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("sqlbox: prune inbox: %w", err)
	}
	return result.RowsAffected()
}
