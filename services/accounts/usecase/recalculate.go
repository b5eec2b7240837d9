package usecase

import (
	"context"
	"errors"
	"reflect"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/domain"
)

// ConfigureISP takes over a provider's global configuration. When it changes how long
// devices may be inactive, deletion timestamps are calculated anew in the background.
func (a *App) ConfigureISP(ctx context.Context, ispID string, cfg rsevent.ISPConfiguration) error {
	doc, err := a.isps.Upsert(ctx, ispID, func(stored *domain.ISP, _ bool) ([]*eventbus.Message, error) {
		if !reflect.DeepEqual(stored.Configuration.MaxInactiveDays, cfg.MaxInactiveDays) {
			stored.Recalculate = true
		}
		stored.ISPID, stored.Configuration = ispID, cfg
		return nil, nil
	})
	if err == nil && doc.Value.Recalculate {
		a.wakeMaintenance()
	}
	return err
}

// recalculateISP brings up to date the devices of all accounts that do as their
// provider says.
func (a *App) recalculateISP(ctx context.Context, isp docstore.Document[domain.ISP]) error {
	for account, err := range a.accounts.All(ctx, "isp_id", isp.ID) {
		if err != nil {
			return err
		}
		if account.Value.Gone() || account.Value.MaxInactiveDays != nil {
			continue
		}
		if err := a.recalculateDevices(ctx, account.Value); err != nil {
			return err
		}
	}
	isp.Value.Recalculate = false
	_, err := a.isps.Replace(ctx, isp)
	return ignoreConflict(err)
}

// recalculateAccount brings all devices of an account up to date, then forgets that
// they may not be. When the account changes meanwhile, whoever changed it does that.
func (a *App) recalculateAccount(ctx context.Context, accountID string) error {
	account, err := a.living(ctx, accountID)
	if err != nil {
		return ignoreMissing(err)
	}
	if err := a.recalculateDevices(ctx, account.Value); err != nil {
		return err
	}
	if account.Value.State != domain.Recalculating {
		return nil
	}
	account.Value.State = domain.Settled
	_, err = a.accounts.Replace(ctx, account)
	return ignoreConflict(ignoreMissing(err))
}

func (a *App) recalculateDevices(ctx context.Context, account domain.Account) error {
	days, err := a.maxInactiveDays(ctx, account)
	if err != nil {
		return err
	}
	for doc, err := range a.devices.All(ctx, "account_id", account.AccountID) {
		if err != nil {
			return err
		}
		if err := a.recalculateDevice(ctx, doc, days); err != nil {
			return err
		}
	}
	return nil
}

// ignoreConflict is for writes that someone else repeats when they lose a race.
func ignoreConflict(err error) error {
	if errors.Is(err, docstore.ErrConflict) {
		return nil
	}
	return err
}
