package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/internal/docstore"
)

type outboxRow struct {
	bun.BaseModel `bun:"table:outbox"`

	Seq        int64  `bun:"seq,pk,autoincrement"`
	Stream     string `bun:"stream"`
	Data       []byte `bun:"data"`
	LeaseUntil int64  `bun:"lease_until"` // Unix ns; 0: free
}

func appendEvents(ctx context.Context, tx bun.Tx, events []docstore.Event) error {
	if len(events) == 0 {
		return nil
	}
	rows := make([]outboxRow, len(events))
	for i, e := range events {
		rows[i] = outboxRow{Stream: e.Stream, Data: e.Data}
	}
	_, err := tx.NewInsert().Model(&rows).Returning("NULL").Exec(ctx)
	return err
}

// claimSQL leases the oldest events of the streams of which nothing is leased.
const claimSQL = `
UPDATE outbox SET lease_until = ? WHERE seq IN (
	SELECT o.seq FROM outbox AS o
	WHERE NOT EXISTS (SELECT 1 FROM outbox AS p WHERE p.stream = o.stream AND p.lease_until > ?)
	ORDER BY o.seq LIMIT ?)
RETURNING seq, stream, data, lease_until`

// Claim implements docstore.Backend.
func (b *Backend) Claim(ctx context.Context, lease time.Duration, limit int) ([]docstore.Event, error) {
	// Most looks at the outbox find it empty: they need not take the write lock.
	if some, err := b.db.NewSelect().Model((*outboxRow)(nil)).Exists(ctx); err != nil || !some {
		return nil, err
	}
	var rows []outboxRow
	err := b.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := b.now()
		return tx.NewRaw(claimSQL, now.Add(lease).UnixNano(), now.UnixNano(), limit).Scan(ctx, &rows)
	})
	if err != nil {
		return nil, wrap("claim", err)
	}
	slices.SortFunc(rows, func(a, b outboxRow) int { return int(a.Seq - b.Seq) })
	events := make([]docstore.Event, len(rows))
	for i, row := range rows {
		receipt := fmt.Sprintf("%d/%d", row.Seq, row.LeaseUntil)
		events[i] = docstore.Event{Stream: row.Stream, Data: row.Data, Receipt: receipt}
	}
	return events, nil
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
	err = b.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if len(done) > 0 {
			_, err := tx.NewDelete().Model((*outboxRow)(nil)).Where("seq IN (?)", bun.List(seqs(done))).Exec(ctx)
			if err != nil {
				return err
			}
		}
		for _, r := range back {
			_, err := tx.NewUpdate().Model((*outboxRow)(nil)).Set("lease_until = 0").
				Where("seq = ? AND lease_until = ?", r.seq, r.lease).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return wrap("settle", err)
	}
	return nil
}

// Waiting implements docstore.Backend.
func (b *Backend) Waiting(ctx context.Context) (oldest, newest int64, err error) {
	err = b.db.NewSelect().Model((*outboxRow)(nil)).
		ColumnExpr("COALESCE(MIN(seq), 0), COALESCE(MAX(seq), 0)").Scan(ctx, &oldest, &newest)
	if err != nil {
		return 0, 0, wrap("waiting", err)
	}
	return oldest, newest, nil
}

// receipt names an outbox row and the lease under which it was handed out.
type receipt struct{ seq, lease int64 }

func parseReceipts(texts []string) ([]receipt, error) {
	out := make([]receipt, len(texts))
	for i, text := range texts {
		seq, lease, _ := strings.Cut(text, "/")
		var err error
		if out[i].seq, err = strconv.ParseInt(seq, 10, 64); err != nil {
			return nil, fmt.Errorf("receipt %q: %w", text, err)
		}
		if out[i].lease, err = strconv.ParseInt(lease, 10, 64); err != nil {
			return nil, fmt.Errorf("receipt %q: %w", text, err)
		}
	}
	return out, nil
}

func seqs(receipts []receipt) []int64 {
	out := make([]int64, len(receipts))
	for i, r := range receipts {
		out[i] = r.seq
	}
	return out
}
