package usecase

import (
	"context"
	"errors"
	"reflect"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/domain"
)

// CreateAccount stores a new account. Ids are unique across providers: it returns
// docstore.ErrExists for one that is taken, except by this very account when the
// request is a repeated one.
func (a *App) CreateAccount(ctx context.Context, account rsevent.Account, repeated bool) error {
	_, err := a.accounts.Upsert(ctx, account.AccountID, func(stored *domain.Account, found bool) ([]*eventbus.Message, error) {
		if found && repeated && !stored.Gone() && reflect.DeepEqual(stored.Account, account) {
			return nil, docstore.Keep
		}
		if found && stored.State != domain.Deleted {
			return nil, docstore.ErrExists
		}
		*stored = domain.Account{Account: account}
		return provisioned(rsevent.TypeAccountCreated, account.AccountID, account)
	})
	return err
}

// GetAccount returns an account.
func (a *App) GetAccount(ctx context.Context, ispID, accountID string) (rsevent.Account, error) {
	doc, err := a.account(ctx, ispID, accountID)
	return doc.Value.Account, err
}

// ListAccounts returns up to limit accounts of a provider with ids after the given one.
func (a *App) ListAccounts(ctx context.Context, ispID, after string, limit int) ([]rsevent.Account, error) {
	var out []rsevent.Account
	for len(out) < limit {
		docs, err := a.accounts.Find(ctx, "isp_id", ispID, after, limit)
		if err != nil {
			return nil, err
		}
		for _, doc := range docs {
			if after = doc.ID; !doc.Value.Gone() && len(out) < limit {
				out = append(out, doc.Value.Account)
			}
		}
		if len(docs) < limit {
			break
		}
	}
	return out, nil
}

// PatchAccount applies a merge patch. When it changes how long devices may be
// inactive, the deletion timestamps of all devices are calculated anew before it
// returns.
func (a *App) PatchAccount(ctx context.Context, ispID, accountID string, patch []byte) (rsevent.Account, error) {
	doc, err := a.accounts.Update(ctx, accountID, func(stored *domain.Account) ([]*eventbus.Message, error) {
		if stored.Gone() || stored.ISPID != ispID {
			return nil, notFound("account", accountID)
		}
		next, err := input.Patch(stored.Account, patch)
		if err != nil {
			return nil, err
		}
		if err := sameIDs(field{"account_id", accountID, next.AccountID}, field{"isp_id", ispID, next.ISPID}); err != nil {
			return nil, err
		}
		if reflect.DeepEqual(next, stored.Account) {
			return nil, docstore.Keep
		}
		if !reflect.DeepEqual(next.MaxInactiveDays, stored.MaxInactiveDays) {
			stored.State = domain.Recalculating
		}
		stored.Account = next
		return provisioned(rsevent.TypeAccountUpdated, accountID, next)
	})
	if err != nil {
		return rsevent.Account{}, err
	}
	if doc.Value.State == domain.Recalculating {
		err = a.recalculateAccount(ctx, accountID)
	}
	return doc.Value.Account, err
}

// DeleteAccount deletes an account after its devices and users. Called again after
// an interruption, it goes on where it was.
func (a *App) DeleteAccount(ctx context.Context, ispID, accountID string) error {
	_, err := a.accounts.Update(ctx, accountID, func(stored *domain.Account) ([]*eventbus.Message, error) {
		switch {
		case stored.ISPID != ispID || stored.State == domain.Deleted:
			return nil, notFound("account", accountID)
		case stored.State == domain.Deleting:
			return nil, docstore.Keep
		}
		stored.State = domain.Deleting
		return nil, nil
	})
	if err != nil {
		return err
	}
	return a.finishDeletion(ctx, accountID)
}

// finishDeletion deletes what belongs to an account in state Deleting, then the
// account. What is left is a marker, against which a device that is being created at
// this moment notices that its account is gone.
func (a *App) finishDeletion(ctx context.Context, accountID string) error {
	if err := a.deleteChildren(ctx, accountID); err != nil {
		return err
	}
	_, err := a.accounts.Update(ctx, accountID, func(stored *domain.Account) ([]*eventbus.Message, error) {
		if stored.State != domain.Deleting {
			return nil, docstore.Keep
		}
		now := a.cfg.Now().UTC()
		stored.State, stored.DeletedAt = domain.Deleted, &now
		return provisioned(rsevent.TypeAccountDeleted, accountID, stored.Account)
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil // someone else finished it
	}
	return err
}

// deleteChildren returns when the account has no devices and no users left.
func (a *App) deleteChildren(ctx context.Context, accountID string) error {
	for doc, err := range a.devices.All(ctx, "account_id", accountID) {
		if err != nil {
			return err
		}
		if err := a.removeDevice(ctx, doc.ID); err != nil {
			return err
		}
	}
	for doc, err := range a.users.All(ctx, "account_id", accountID) {
		if err != nil {
			return err
		}
		if err := a.removeUser(ctx, doc.ID); err != nil {
			return err
		}
	}
	return nil
}
