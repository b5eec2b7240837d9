package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hexplane/hexplane/internal/docstore"
)

// claimed is an event with its place in the outbox.
type claimed struct {
	docstore.Event
	receipt
}

// Claim implements docstore.Backend.
func (b *Backend) Claim(ctx context.Context, lease time.Duration, limit int) ([]docstore.Event, error) {
	// Most looks at the outbox find it empty: they need not take the write lock.
	var some bool
	if err := b.stmts.pending.QueryRowContext(ctx).Scan(&some); err != nil {
		return nil, wrap("claim", err)
	}
	if !some {
		return nil, nil
	}
	var rows []claimed
	err := b.write(ctx, func(tx *transaction) error {
		var err error
		rows, err = b.claim(tx, lease, limit)
		return err
	})
	if err != nil {
		return nil, wrap("claim", err)
	}
	slices.SortFunc(rows, func(a, b claimed) int { return cmp.Compare(a.seq, b.seq) })
	events := make([]docstore.Event, len(rows))
	for i, row := range rows {
		events[i] = row.Event
		events[i].Receipt = row.String()
	}
	return events, nil
}

func (b *Backend) claim(tx *transaction, lease time.Duration, limit int) ([]claimed, error) {
	now := b.now()
	rows, err := tx.rows(b.stmts.claim, now.Add(lease).UnixNano(), now.UnixNano(), limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []claimed
	for rows.Next() {
		var c claimed
		if err := rows.Scan(&c.seq, &c.Stream, &c.Data, &c.lease); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
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
	err = b.write(ctx, func(tx *transaction) error {
		for _, r := range done {
			if err := tx.exec(b.stmts.settle, r.seq); err != nil {
				return err
			}
		}
		for _, r := range back {
			if err := tx.exec(b.stmts.release, r.seq, r.lease); err != nil {
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
	if err := b.stmts.waiting.QueryRowContext(ctx).Scan(&oldest, &newest); err != nil {
		return 0, 0, wrap("waiting", err)
	}
	return oldest, newest, nil
}

// receipt names an outbox row and the lease under which it was handed out.
type receipt struct {
	seq   int64
	lease int64 // Unix ns
}

// String returns the receipt as callers hold it.
func (r receipt) String() string { return fmt.Sprintf("%d/%d", r.seq, r.lease) }

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
