package sqlbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/eventbus"
)

// RelayConfig configures a Relay. The zero value of every field means its default.
type RelayConfig struct {
	// Lease is how long the relay that publishes may be silent before another
	// takes over. The replicas' clocks should agree much better. Default: 5 s.
	Lease time.Duration
	// Poll is how often the outbox is looked at. Default: 100 ms.
	Poll time.Duration
	// Batch is how many messages are published at a time. Default: 100.
	Batch int
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

// Relay publishes what Add wrote.
type Relay struct {
	db     *bun.DB
	out    eventbus.Publisher
	cfg    RelayConfig
	holder string
}

// NewRelay returns a relay from db, whose tables CreateTables made, to out.
func NewRelay(db *bun.DB, out eventbus.Publisher, cfg RelayConfig) *Relay {
	if cfg.Lease <= 0 {
		cfg.Lease = 5 * time.Second
	}
	if cfg.Poll <= 0 {
		cfg.Poll = 100 * time.Millisecond
	}
	if cfg.Batch <= 0 {
		cfg.Batch = 100
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &Relay{db: db, out: eventbus.InOrder(out), cfg: cfg, holder: uuid.NewString()}
}

// Run publishes, whenever it holds the lease, until ctx ends, and then gives the
// lease up. Errors of the database and the bus are logged and tried again. It
// returns nil; call it once.
func (r *Relay) Run(ctx context.Context) error {
	defer r.release(ctx)
	for {
		published, err := r.round(ctx)
		if err != nil && ctx.Err() == nil {
			r.cfg.Logger.WarnContext(ctx, "sqlbox: relay", "error", err)
		}
		wait := r.cfg.Poll
		switch {
		case err != nil:
			wait = max(wait, time.Second)
		case published == r.cfg.Batch: // there is more
			wait = 0
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// round publishes one batch, if the lease is ours.
func (r *Relay) round(ctx context.Context) (int, error) {
	until, held, err := r.acquire(ctx)
	if err != nil || !held {
		return 0, err
	}
	// Nothing may be published once another can hold the lease.
	ctx, cancel := context.WithDeadline(ctx, until.Add(-r.cfg.Lease/5))
	defer cancel()
	var rows []*outboxRow
	if err := r.db.NewSelect().Model(&rows).Order("seq").Limit(int64(r.cfg.Batch)).Scan(ctx); err != nil {
		return 0, fmt.Errorf("read: %w", err)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	msgs := make([]*eventbus.Message, len(rows))
	for i, row := range rows {
		msgs[i] = row.message()
	}
	publishErr := r.out.Publish(ctx, msgs...)
	aside := refused(rows, publishErr)
	done := finished(rows, publishErr, aside)
	if len(done) > 0 {
		if err = r.remove(context.WithoutCancel(ctx), done, aside); err != nil {
			err = fmt.Errorf("delete: %w", err)
		}
	}
	return len(done), errors.Join(publishErr, err)
}

// finished returns the rows that need not be published again: those published, or
// refused.
func finished(rows []*outboxRow, err error, aside map[int]*refusedRow) []int64 {
	failed := make(map[int]bool)
	some, ok := errors.AsType[*eventbus.PublishError](err)
	switch {
	case ok:
		for _, f := range some.Failed {
			failed[f.Index] = aside[f.Index] == nil
		}
	case err != nil:
		return nil
	}
	var done []int64
	for i, row := range rows {
		if !failed[i] {
			done = append(done, row.Seq)
		}
	}
	return done
}
