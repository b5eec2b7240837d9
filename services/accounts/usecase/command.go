package usecase

import (
	"context"
	"errors"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/domain"
)

// PostDevice creates a device that a router found. One that is there already is left
// as it is, so that the command may come again. It returns docstore.ErrNotFound for
// an unknown account and docstore.ErrExists for an id of another account.
func (a *App) PostDevice(ctx context.Context, device rsevent.Device) error {
	account, err := a.living(ctx, device.AccountID)
	if err != nil {
		return err
	}
	device.Internal = nil
	_, err = a.createDevice(ctx, account.Value, device)
	if !errors.Is(err, docstore.ErrExists) {
		return err
	}
	stored, getErr := a.devices.Get(ctx, device.DeviceID)
	if getErr == nil && stored.Value.AccountID == device.AccountID {
		return nil
	}
	return errors.Join(err, ignoreMissing(getErr))
}

// ReportDevice applies a merge patch to a device on behalf of a router. A device that
// is gone is no error.
func (a *App) ReportDevice(ctx context.Context, accountID, deviceID string, patch []byte) error {
	_, err := a.patchDevice(ctx, accountID, deviceID, patch)
	return ignoreMissing(err)
}

// DeviceConnected notes a device's activity. It is news to others only when the
// device was not active before; a device that is gone is no error.
func (a *App) DeviceConnected(ctx context.Context, accountID, deviceID string, at time.Time) error {
	_, err := a.devices.Update(ctx, deviceID, func(stored *domain.Device) ([]*eventbus.Message, error) {
		if stored.AccountID != accountID {
			return nil, notFound("device", deviceID)
		}
		active := stored.ProductData[rsevent.ProductRouterSecure].Status.Active
		next := stored.Device
		if !domain.Connected(&next, at) {
			return nil, docstore.Keep
		}
		next.Internal = nil // an active device is not deleted
		if active {
			stored.Device = next
			return nil, nil
		}
		return updated(stored, next)
	})
	return ignoreMissing(err)
}
