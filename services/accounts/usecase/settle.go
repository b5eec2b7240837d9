package usecase

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/domain"
)

// complete checks a device that is about to be stored and writes what the service
// decides: the provider, the time of a status, the deletion timestamp.
func (a *App) complete(ctx context.Context, account domain.Account, before rsevent.Device, device *rsevent.Device) error {
	if device.ISPID != "" && device.ISPID != account.ISPID {
		return input.Invalid("isp_id", "is not that of the account")
	}
	device.ISPID = account.ISPID
	if err := domain.ValidateDevice(account, before, *device); err != nil {
		return err
	}
	if device.UserID != "" && device.UserID != before.UserID {
		_, err := a.userOf(ctx, account.AccountID, device.UserID)
		if errors.Is(err, docstore.ErrNotFound) {
			return input.Invalid("user_id", "is not a user of the account")
		}
		if err != nil {
			return err
		}
	}
	domain.StampStatus(device, a.cfg.Now())
	days, err := a.maxInactiveDays(ctx, account)
	if err != nil {
		return err
	}
	domain.SetDeletionTimestamp(device, days)
	return nil
}

func (a *App) maxInactiveDays(ctx context.Context, account domain.Account) (*int, error) {
	if account.MaxInactiveDays != nil {
		return account.MaxInactiveDays, nil
	}
	isp, err := a.isps.Get(ctx, account.ISPID)
	if err != nil && !errors.Is(err, docstore.ErrNotFound) {
		return nil, err
	}
	return domain.MaxInactiveDays(account, isp.Value), nil
}

// settleDevice looks once more at what a device depends on, now that it is stored.
// Documents are written one at a time; whoever deletes an account or a user, or
// changes an account, first marks that and then looks for devices. So either they
// found this device, or it finds their mark here.
func (a *App) settleDevice(ctx context.Context, doc docstore.Document[domain.Device]) (rsevent.Device, error) {
	device := doc.Value.Device
	account, err := a.living(ctx, device.AccountID)
	if errors.Is(err, docstore.ErrNotFound) {
		return rsevent.Device{}, errors.Join(err, a.removeDevice(ctx, device.DeviceID))
	}
	if err != nil {
		return rsevent.Device{}, err
	}
	if device.UserID != "" {
		_, err := a.userOf(ctx, device.AccountID, device.UserID)
		if errors.Is(err, docstore.ErrNotFound) {
			err = a.detachDevice(ctx, device.DeviceID, device.UserID)
			device.UserID = ""
		}
		if err != nil {
			return rsevent.Device{}, err
		}
	}
	days, err := a.maxInactiveDays(ctx, account.Value)
	if err != nil {
		return rsevent.Device{}, err
	}
	return device, a.recalculateDevice(ctx, doc, days)
}

// detachDevice makes a device of that user one of the whole account.
func (a *App) detachDevice(ctx context.Context, deviceID, userID string) error {
	_, err := a.devices.Update(ctx, deviceID, func(stored *domain.Device) ([]*eventbus.Message, error) {
		next := stored.Device
		if next.UserID == userID {
			next.UserID = ""
		}
		return updated(stored, next)
	})
	return ignoreMissing(err)
}

// recalculateDevice brings a device's deletion timestamp up to date.
func (a *App) recalculateDevice(ctx context.Context, doc docstore.Document[domain.Device], days *int) error {
	fresh := doc.Value.Device
	domain.SetDeletionTimestamp(&fresh, days)
	if sameInternal(fresh, doc.Value.Device) {
		return nil
	}
	_, err := a.devices.Update(ctx, doc.ID, func(stored *domain.Device) ([]*eventbus.Message, error) {
		next := stored.Device
		domain.SetDeletionTimestamp(&next, days)
		return updated(stored, next)
	})
	return ignoreMissing(err)
}

func sameInternal(a, b rsevent.Device) bool {
	return deletionKey(domain.Device{Device: a}) == deletionKey(domain.Device{Device: b})
}

// ignoreMissing is for changes of documents that may be deleted at any time.
func ignoreMissing(err error) error {
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}
