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

// CreateDevice stores a new device of an account and returns it as stored. It returns
// docstore.ErrExists for an id that is taken, except by this very device when the
// request is a repeated one.
func (a *App) CreateDevice(ctx context.Context, ispID string, device rsevent.Device, repeated bool) (rsevent.Device, error) {
	account, err := a.account(ctx, ispID, device.AccountID)
	if err != nil {
		return rsevent.Device{}, err
	}
	created, err := a.createDevice(ctx, account.Value, device)
	if errors.Is(err, docstore.ErrExists) && repeated {
		stored, getErr := a.devices.Get(ctx, device.DeviceID)
		if getErr == nil && sameRequest(stored.Value.Device, device, account.Value.ISPID) {
			return stored.Value.Device, nil
		}
	}
	return created, err
}

// sameRequest tells whether a stored device is what the request asks for, but for what
// the service decides.
func sameRequest(stored, asked rsevent.Device, ispID string) bool {
	asked.ISPID, asked.Internal, asked.ProductData = ispID, stored.Internal, stored.ProductData
	return reflect.DeepEqual(stored, asked)
}

func (a *App) createDevice(ctx context.Context, account domain.Account, device rsevent.Device) (rsevent.Device, error) {
	if device.Internal != nil {
		return rsevent.Device{}, errInternal
	}
	if err := a.complete(ctx, account, rsevent.Device{}, &device); err != nil {
		return rsevent.Device{}, err
	}
	events, err := provisioned(rsevent.TypeDeviceCreated, device.AccountID, device)
	if err != nil {
		return rsevent.Device{}, err
	}
	doc, err := a.devices.Insert(ctx, device.DeviceID, domain.Device{Device: device}, events...)
	if err != nil {
		return rsevent.Device{}, err
	}
	return a.settleDevice(ctx, doc)
}

// GetDevice returns a device of an account.
func (a *App) GetDevice(ctx context.Context, ispID, accountID, deviceID string) (rsevent.Device, error) {
	if _, err := a.account(ctx, ispID, accountID); err != nil {
		return rsevent.Device{}, err
	}
	doc, err := a.devices.Get(ctx, deviceID)
	if err == nil && doc.Value.AccountID != accountID {
		err = notFound("device", deviceID)
	}
	if err != nil {
		return rsevent.Device{}, err
	}
	return doc.Value.Device, nil
}

// ListDevices returns up to limit devices of an account with ids after the given one.
func (a *App) ListDevices(ctx context.Context, ispID, accountID, after string, limit int) ([]rsevent.Device, error) {
	if _, err := a.account(ctx, ispID, accountID); err != nil {
		return nil, err
	}
	docs, err := a.devices.Find(ctx, "account_id", accountID, after, limit)
	out := make([]rsevent.Device, len(docs))
	for i, doc := range docs {
		out[i] = doc.Value.Device
	}
	return out, err
}

// PatchDevice applies a merge patch and returns the device as stored.
func (a *App) PatchDevice(ctx context.Context, ispID, accountID, deviceID string, patch []byte) (rsevent.Device, error) {
	if _, err := a.account(ctx, ispID, accountID); err != nil {
		return rsevent.Device{}, err
	}
	return a.patchDevice(ctx, accountID, deviceID, patch)
}

func (a *App) patchDevice(ctx context.Context, accountID, deviceID string, patch []byte) (rsevent.Device, error) {
	doc, err := a.devices.Update(ctx, deviceID, func(stored *domain.Device) ([]*eventbus.Message, error) {
		if stored.AccountID != accountID {
			return nil, notFound("device", deviceID)
		}
		account, err := a.living(ctx, accountID)
		if err != nil {
			return nil, err
		}
		next, err := input.Patch(stored.Device, patch)
		if err != nil {
			return nil, err
		}
		if err := unchanged(stored.Device, next); err != nil {
			return nil, err
		}
		if err := a.complete(ctx, account.Value, stored.Device, &next); err != nil {
			return nil, err
		}
		return updated(stored, next)
	})
	if err != nil {
		return rsevent.Device{}, err
	}
	return a.settleDevice(ctx, doc)
}

// DeleteDevice deletes a device of an account.
func (a *App) DeleteDevice(ctx context.Context, ispID, accountID, deviceID string) error {
	if _, err := a.GetDevice(ctx, ispID, accountID, deviceID); err != nil {
		return err
	}
	return a.removeDevice(ctx, deviceID)
}

// removeDevice deletes a device whoever it belongs to; a missing one is no error.
func (a *App) removeDevice(ctx context.Context, deviceID string) error {
	for {
		doc, err := a.devices.Get(ctx, deviceID)
		if errors.Is(err, docstore.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		events, err := provisioned(rsevent.TypeDeviceDeleted, doc.Value.AccountID, doc.Value.Device)
		if err != nil {
			return err
		}
		err = a.devices.Delete(ctx, deviceID, doc.Version, events...)
		if !errors.Is(err, docstore.ErrConflict) && !errors.Is(err, docstore.ErrNotFound) {
			return err
		}
	}
}

var errInternal = input.Invalid("internal", "is set by the service alone")

// unchanged refuses a patch of what makes a device that device.
func unchanged(before, after rsevent.Device) error {
	err := sameIDs(
		field{"device_id", before.DeviceID, after.DeviceID},
		field{"account_id", before.AccountID, after.AccountID},
		field{"isp_id", before.ISPID, after.ISPID},
		field{"kind", before.Kind, after.Kind})
	if err == nil && !reflect.DeepEqual(after.Internal, before.Internal) {
		err = errInternal
	}
	return err
}

// field is the value of a field before and after a patch.
type field struct{ name, before, after string }

func sameIDs(fields ...field) error {
	for _, f := range fields {
		if f.before != f.after {
			return input.Invalid(f.name, "cannot be changed")
		}
	}
	return nil
}

// updated makes next the stored device, with its event, or keeps an equal one.
func updated(stored *domain.Device, next rsevent.Device) ([]*eventbus.Message, error) {
	if reflect.DeepEqual(stored.Device, next) {
		return nil, docstore.Keep
	}
	stored.Device = next
	return provisioned(rsevent.TypeDeviceUpdated, next.AccountID, next)
}
