package sqlbox

import (
	"context"
	"fmt"
	"time"
)

const leaseName = "outbox"

// acquire takes or renews the lease, when it is free, expired or ours. The
// statement is one compare-and-set in both databases.
func (r *Relay) acquire(ctx context.Context) (until time.Time, held bool, err error) {
	now := time.Now()
	until = stored(now.Add(r.cfg.Lease))
	row := &leaseRow{Name: leaseName, Holder: r.holder, Until: until}
	result, err := r.db.NewInsert().Model(row).
		On("CONFLICT (name) DO UPDATE").
		Set("holder = EXCLUDED.holder").
		Set("until = EXCLUDED.until").
		Where("lease_row.holder = EXCLUDED.holder OR lease_row.until < ?", stored(now)).
		Exec(ctx)
	if err != nil {
		return until, false, fmt.Errorf("lease: %w", err)
	}
	n, err := result.RowsAffected()
	return until, n == 1, err
}

// release lets another relay take over at once.
func (r *Relay) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_, err := r.db.NewDelete().Model((*leaseRow)(nil)).Where("name = ? AND holder = ?", leaseName, r.holder).Exec(ctx)
	if err != nil {
		r.cfg.Logger.WarnContext(ctx, "sqlbox: relay keeps its lease until it expires", "error", err)
	}
}
