package usecase

import (
	"context"
	"errors"
	"time"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/services/accounts/domain"
)

// markerAge is how long the marker of a deleted account stays: longer than any
// request that may have read the account before takes to store its device.
const markerAge = 10 * time.Minute

// Maintain finishes what was interrupted: deletions of accounts and calculations of
// deletion timestamps; and it removes the markers of accounts deleted long ago. It
// goes on after a failure and returns all of them.
func (a *App) Maintain(ctx context.Context) error {
	var errs []error
	errs = append(errs, a.eachAccount(ctx, domain.Deleting, func(doc docstore.Document[domain.Account]) error {
		return a.finishDeletion(ctx, doc.ID)
	}))
	errs = append(errs, a.eachAccount(ctx, domain.Recalculating, func(doc docstore.Document[domain.Account]) error {
		return a.recalculateAccount(ctx, doc.ID)
	}))
	errs = append(errs, a.eachAccount(ctx, domain.Deleted, func(doc docstore.Document[domain.Account]) error {
		return a.forget(ctx, doc)
	}))
	for doc, err := range a.isps.All(ctx, "recalculate", "yes") {
		if err == nil {
			err = a.recalculateISP(ctx, doc)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// RunMaintenance runs Maintain at once, when told of work, and regularly, until ctx
// ends. Failures are logged and tried again.
func (a *App) RunMaintenance(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := a.Maintain(ctx); err != nil && ctx.Err() == nil {
			a.cfg.Log.WarnContext(ctx, "maintenance is incomplete, will retry", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		case <-a.wake:
		}
	}
}

func (a *App) wakeMaintenance() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *App) eachAccount(ctx context.Context, state domain.State, do func(docstore.Document[domain.Account]) error) error {
	var errs []error
	for doc, err := range a.accounts.All(ctx, "state", string(state)) {
		if err == nil {
			err = do(doc)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// forget removes the marker of a deleted account when no one can need it any more.
func (a *App) forget(ctx context.Context, doc docstore.Document[domain.Account]) error {
	if doc.Value.DeletedAt != nil && a.cfg.Now().Sub(*doc.Value.DeletedAt) < markerAge {
		return nil
	}
	if err := a.deleteChildren(ctx, doc.ID); err != nil {
		return err
	}
	return ignoreChanged(a.accounts.Delete(ctx, doc.ID, doc.Version))
}
