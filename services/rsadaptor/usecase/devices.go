package usecase

import (
	"context"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/rsmodels"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// errNoDevice says that an event lacks the device that its document is made of.
var errNoDevice = fmt.Errorf("%w: device: required", rsmodels.ErrInvalid)

// DeviceCreated writes a device that is new. One of a full sync, which asks for an
// answer, may well exist and is put at once; another is posted, and put when it
// exists.
func (a *Adaptor) DeviceCreated(ctx context.Context, e rsevent.RSDevice) error {
	return a.finish(ctx, rsevent.TypeRSDeviceCreated, e.Request, a.create(ctx, e))
}

func (a *Adaptor) create(ctx context.Context, e rsevent.RSDevice) error {
	if e.Device.Kind == rsevent.KindRouter || e.WantsReply() {
		return a.put(ctx, e.ResolvedDevice)
	}
	realm, err := a.realms.Realm(e.Device.ISPID)
	if err != nil {
		return err
	}
	doc, err := rsmodels.BuildDevice(e.ResolvedDevice)
	if err != nil {
		return err
	}
	if err := realm.CreateDevice(ctx, doc); !errors.Is(err, hsadmin.ErrConflict) {
		return err
	}
	return realm.Put(ctx, doc)
}

// DeviceUpdated writes a device.
func (a *Adaptor) DeviceUpdated(ctx context.Context, e rsevent.RSDevice) error {
	return a.finish(ctx, rsevent.TypeRSDeviceUpdated, e.Request, a.put(ctx, e.ResolvedDevice))
}

// UploadIntervalsUpdated writes a router with its new upload intervals.
func (a *Adaptor) UploadIntervalsUpdated(ctx context.Context, e rsevent.RSRouterUploadIntervalsUpdated) error {
	return a.finish(ctx, rsevent.TypeRSRouterUploadIntervalsUpdated, e.Request, a.put(ctx, e.ResolvedDevice))
}

// DeviceAction writes a device with what it is told to do.
func (a *Adaptor) DeviceAction(ctx context.Context, e rsevent.RSDeviceAction) error {
	return a.finish(ctx, rsevent.TypeRSDeviceAction, e.Request, a.act(ctx, e))
}

func (a *Adaptor) act(ctx context.Context, e rsevent.RSDeviceAction) error {
	if e.Device == nil {
		return errNoDevice
	}
	return a.put(ctx, rsevent.ResolvedDevice{
		Device: *e.Device, TargetAgentPackage: e.TargetAgentPackage, Action: e.Action, Enabled: e.Enabled,
	})
}

// UserUpdated writes all devices of a user.
func (a *Adaptor) UserUpdated(ctx context.Context, e rsevent.RSUserUpdated) error {
	var outcome error
	for _, device := range e.Devices {
		if outcome = a.put(ctx, device); outcome != nil {
			break
		}
	}
	return a.finish(ctx, rsevent.TypeRSUserUpdated, e.Request, outcome)
}

// DeviceDeleted deletes a device; one that does not exist is deleted already.
func (a *Adaptor) DeviceDeleted(ctx context.Context, e rsevent.RSDevice) error {
	return a.finish(ctx, rsevent.TypeRSDeviceDeleted, e.Request, a.remove(ctx, e.Device))
}

func (a *Adaptor) remove(ctx context.Context, device rsevent.Device) error {
	realm, err := a.realms.Realm(device.ISPID)
	if err != nil {
		return err
	}
	if device.Kind == rsevent.KindRouter {
		err = realm.DeleteRouter(ctx, device.DeviceID)
	} else {
		err = realm.DeleteDevice(ctx, device.DeviceID)
	}
	if errors.Is(err, hsadmin.ErrNotFound) {
		return nil
	}
	return err
}

// CustomFlagsUpdated writes all feature flags of a router.
func (a *Adaptor) CustomFlagsUpdated(ctx context.Context, e rsevent.RSCustomFlagsUpdated) error {
	return a.finish(ctx, rsevent.TypeRSCustomFlagsUpdated, e.Request, a.putFlags(ctx, e))
}

// put writes a device or a router, and a router's feature flags when it has any.
func (a *Adaptor) put(ctx context.Context, resolved rsevent.ResolvedDevice) error {
	realm, err := a.realms.Realm(resolved.Device.ISPID)
	if err != nil {
		return err
	}
	if resolved.Device.Kind != rsevent.KindRouter {
		doc, err := rsmodels.BuildDevice(resolved)
		if err != nil {
			return err
		}
		return realm.Put(ctx, doc)
	}
	doc, err := rsmodels.BuildRouter(resolved)
	if err != nil {
		return err
	}
	if err := realm.Put(ctx, doc); err != nil || len(resolved.Device.FeatureFlags) == 0 {
		return err
	}
	return a.putFlags(ctx, rsevent.RSCustomFlagsUpdated{
		DeviceID: resolved.Device.DeviceID, ISPID: resolved.Device.ISPID, FeatureFlags: resolved.Device.FeatureFlags,
	})
}

func (a *Adaptor) putFlags(ctx context.Context, e rsevent.RSCustomFlagsUpdated) error {
	realm, err := a.realms.Realm(e.ISPID)
	if err != nil {
		return err
	}
	doc, err := rsmodels.BuildFeatureFlags(e)
	if err != nil {
		return err
	}
	return realm.Put(ctx, doc)
}
