package domain

import (
	"maps"

	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Change tells which events bring the backend from one configuration of a device
// to the next, in order; before is nil for a device that it was never told of.
// No change, no event. A router of which only the feature flags or only the
// upload intervals changed has an event for just that.
func Change(before *rsevent.ResolvedDevice, after rsevent.ResolvedDevice) ([]string, error) {
	if before == nil {
		return []string{rsevent.TypeRSDeviceCreated}, nil
	}
	if same, err := synctask.Same(*before, after); err != nil || same {
		return nil, err
	}
	flags := !maps.Equal(before.Device.FeatureFlags, after.Device.FeatureFlags)
	if after.Device.Kind == rsevent.KindRouter {
		return routerChange(*before, after, flags)
	}
	if after.Action == rsevent.ActionBlock && before.Action != after.Action {
		return []string{rsevent.TypeRSDeviceAction}, nil
	}
	return []string{rsevent.TypeRSDeviceUpdated}, nil
}

func routerChange(before, after rsevent.ResolvedDevice, flags bool) ([]string, error) {
	intervals := !maps.Equal(before.Device.UploadIntervals, after.Device.UploadIntervals)
	before.Device.FeatureFlags, before.Device.UploadIntervals = after.Device.FeatureFlags, after.Device.UploadIntervals
	rest, err := synctask.Same(before, after)
	if err != nil {
		return nil, err
	}
	var types []string
	switch {
	case !rest:
		types = append(types, rsevent.TypeRSDeviceUpdated)
	case intervals:
		types = append(types, rsevent.TypeRSRouterUploadIntervalsUpdated)
	}
	// An update writes a router's flags only when it has any: that the last flag
	// went away needs its own event.
	if flags && (rest || len(after.Device.FeatureFlags) == 0) {
		types = append(types, rsevent.TypeRSCustomFlagsUpdated)
	}
	return types, nil
}

// Payload is the payload of one of the event types that Change returns, or of
// RSDeviceDeleted.
func Payload(eventType string, d rsevent.ResolvedDevice) any {
	device := d.Device
	switch eventType {
	case rsevent.TypeRSDeviceAction:
		return rsevent.RSDeviceAction{
			DeviceID: device.DeviceID, AccountID: device.AccountID, ISPID: device.ISPID, Kind: device.Kind,
			Action: d.Action, Device: &device, TargetAgentPackage: d.TargetAgentPackage, Enabled: d.Enabled,
		}
	case rsevent.TypeRSCustomFlagsUpdated:
		flags := device.FeatureFlags
		if flags == nil {
			flags = map[string]bool{}
		}
		return rsevent.RSCustomFlagsUpdated{
			DeviceID: device.DeviceID, AccountID: device.AccountID, ISPID: device.ISPID, FeatureFlags: flags,
		}
	case rsevent.TypeRSRouterUploadIntervalsUpdated:
		return rsevent.RSRouterUploadIntervalsUpdated{ResolvedDevice: d}
	default:
		return rsevent.RSDevice{ResolvedDevice: d}
	}
}
