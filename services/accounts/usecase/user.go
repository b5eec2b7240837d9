package usecase

import (
	"context"
	"errors"
	"reflect"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// CreateUser stores a new user of an account. It returns docstore.ErrExists for an
// id that is taken, except by this very user when the request is a repeated one.
func (a *App) CreateUser(ctx context.Context, ispID string, user rsevent.User, repeated bool) error {
	if _, err := a.account(ctx, ispID, user.AccountID); err != nil {
		return err
	}
	events, err := provisioned(rsevent.TypeUserCreated, user.AccountID, user)
	if err != nil {
		return err
	}
	_, err = a.users.Insert(ctx, user.UserID, user, events...)
	if errors.Is(err, docstore.ErrExists) && repeated {
		stored, getErr := a.userOf(ctx, user.AccountID, user.UserID)
		if getErr == nil && reflect.DeepEqual(stored, user) {
			return nil
		}
	}
	if err != nil {
		return err
	}
	_, err = a.living(ctx, user.AccountID)
	if errors.Is(err, docstore.ErrNotFound) { // deleted at the same moment
		return errors.Join(err, a.removeUser(ctx, user.UserID))
	}
	return err
}

// GetUser returns a user of an account.
func (a *App) GetUser(ctx context.Context, ispID, accountID, userID string) (rsevent.User, error) {
	if _, err := a.account(ctx, ispID, accountID); err != nil {
		return rsevent.User{}, err
	}
	return a.userOf(ctx, accountID, userID)
}

// ListUsers returns up to limit users of an account with ids after the given one.
func (a *App) ListUsers(ctx context.Context, ispID, accountID, after string, limit int) ([]rsevent.User, error) {
	if _, err := a.account(ctx, ispID, accountID); err != nil {
		return nil, err
	}
	docs, err := a.users.Find(ctx, "account_id", accountID, after, limit)
	out := make([]rsevent.User, len(docs))
	for i, doc := range docs {
		out[i] = doc.Value
	}
	return out, err
}

// PatchUser applies a merge patch.
func (a *App) PatchUser(ctx context.Context, ispID, accountID, userID string, patch []byte) (rsevent.User, error) {
	doc, err := a.users.Update(ctx, userID, func(stored *rsevent.User) ([]*eventbus.Message, error) {
		if _, err := a.account(ctx, ispID, accountID); err != nil {
			return nil, err
		}
		if stored.AccountID != accountID {
			return nil, notFound("user", userID)
		}
		next, err := input.Patch(*stored, patch)
		if err != nil {
			return nil, err
		}
		if err := sameIDs(field{"user_id", userID, next.UserID}, field{"account_id", accountID, next.AccountID}); err != nil {
			return nil, err
		}
		if reflect.DeepEqual(next, *stored) {
			return nil, docstore.Keep
		}
		*stored = next
		return provisioned(rsevent.TypeUserUpdated, accountID, next)
	})
	return doc.Value, err
}

// DeleteUser takes the user's devices away from it, then deletes it.
func (a *App) DeleteUser(ctx context.Context, ispID, accountID, userID string) error {
	if _, err := a.GetUser(ctx, ispID, accountID, userID); err != nil {
		return err
	}
	if err := a.detachDevices(ctx, userID); err != nil {
		return err
	}
	return a.removeUser(ctx, userID)
}

// detachDevices makes the devices of a user those of the whole account.
func (a *App) detachDevices(ctx context.Context, userID string) error {
	for doc, err := range a.devices.All(ctx, "user_id", userID) {
		if err != nil {
			return err
		}
		if err := a.detachDevice(ctx, doc.ID, userID); err != nil {
			return err
		}
	}
	return nil
}

// removeUser deletes a user whoever it belongs to; a missing one is no error.
func (a *App) removeUser(ctx context.Context, userID string) error {
	for {
		doc, err := a.users.Get(ctx, userID)
		if errors.Is(err, docstore.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		events, err := provisioned(rsevent.TypeUserDeleted, doc.Value.AccountID, doc.Value)
		if err != nil {
			return err
		}
		err = a.users.Delete(ctx, userID, doc.Version, events...)
		if !errors.Is(err, docstore.ErrConflict) && !errors.Is(err, docstore.ErrNotFound) {
			return err
		}
	}
}

func (a *App) userOf(ctx context.Context, accountID, userID string) (rsevent.User, error) {
	doc, err := a.users.Get(ctx, userID)
	if err != nil {
		return rsevent.User{}, err
	}
	if doc.Value.AccountID != accountID {
		return rsevent.User{}, notFound("user", userID)
	}
	return doc.Value, nil
}
