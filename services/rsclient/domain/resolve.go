package domain

import (
	"slices"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Inputs is everything that one device's configuration follows from.
type Inputs struct {
	Device  rsevent.Device
	User    User // one that is not known sets nothing
	Account rsevent.Account
	ISP     rsevent.ISPConfiguration
	Agents  Agents
	// Package is the router's own association, if it has one.
	Package string
}

// Resolve decides a device's configuration. Services are taken field by field
// from the most specific level that sets them: device, user, account, ISP. The
// devices of a suspended account are blocked and its routers not enabled; a
// router is enabled only for an account that has RouterSecure. What only the
// core needs of a device is left out.
func Resolve(in Inputs) rsevent.ResolvedDevice {
	device := in.Device
	device.ISPID = in.Account.ISPID
	device.ProductData, device.Internal = nil, nil
	services := rsevent.ResolveServices(in.Device.Services, userServices(in.User), in.Account.Services, in.ISP.Services)
	device.Services = &services

	resolved := rsevent.ResolvedDevice{Device: device}
	active := in.Account.Status == rsevent.AccountActive
	if device.Kind == rsevent.KindRouter {
		enabled := active && slices.Contains(in.Account.Products, rsevent.ProductRouterSecure)
		resolved.Enabled = &enabled
		resolved.TargetAgentPackage = targetPackage(in)
	} else if !active {
		resolved.Action = rsevent.ActionBlock
	}
	return resolved
}

func userServices(user User) *rsevent.Services {
	if !user.Known() {
		return nil
	}
	return user.Value.Services
}

// targetPackage is the router's own association, else its ISP's default for its
// target, else none.
func targetPackage(in Inputs) string {
	if in.Package != "" {
		return in.Package
	}
	if in.Device.Agent == nil {
		return ""
	}
	return in.Agents.Defaults[in.Device.Agent.Target]
}
