package rsmodels

import (
	"cmp"
	"net"
	"net/netip"
	"slices"

	"github.com/hexplane/hexplane/rsmodels/internal/check"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// BuildDevice is the document of a resolved device that is not a router.
// Services and actions are taken as they are; what is unset is off or empty.
func BuildDevice(resolved rsevent.ResolvedDevice) (DeviceConfiguration, error) {
	if err := kindIs(rsevent.KindDevice, resolved.Device, "DeviceConfiguration"); err != nil {
		return DeviceConfiguration{}, err
	}
	return NewDeviceConfiguration(DeviceSpec{
		DeviceBase: baseOf(resolved.Device),
		Action:     resolved.Action,
		IsIoT:      resolved.Device.IsIoT,
		ActRules:   resolved.Device.ActRules,
	})
}

// BuildRouter is the document of a resolved router. Its feature flags are a
// document of their own: see [NewFeatureFlags].
func BuildRouter(resolved rsevent.ResolvedDevice) (RouterConfiguration, error) {
	if err := kindIs(rsevent.KindRouter, resolved.Device, "RouterConfiguration"); err != nil {
		return RouterConfiguration{}, err
	}
	return NewRouterConfiguration(RouterSpec{
		DeviceBase:         baseOf(resolved.Device),
		Enabled:            resolved.Enabled == nil || *resolved.Enabled,
		Identifiers:        resolved.Device.Identifiers,
		TargetAgentPackage: resolved.TargetAgentPackage,
		Action:             resolved.Action,
		UploadIntervals:    resolved.Device.UploadIntervals,
	})
}

// BuildFeatureFlags is the document of a router's feature flags.
func BuildFeatureFlags(event rsevent.RSCustomFlagsUpdated) (FeatureFlags, error) {
	return NewFeatureFlags(event.DeviceID, event.FeatureFlags)
}

// BuildAgentPackage is the document of an agent package.
func BuildAgentPackage(pkg rsevent.AgentPackage) (AgentPackage, error) {
	return NewAgentPackage(AgentPackageSpec(pkg))
}

// BuildAgentVersions is the document of all agent packages of an ISP, by id.
func BuildAgentVersions(event rsevent.RSAgentsUpdated) (SystemAgentVersions, error) {
	packages := make([]AgentPackageSpec, len(event.Packages))
	for i, pkg := range event.Packages {
		packages[i] = AgentPackageSpec(pkg)
	}
	slices.SortFunc(packages, func(a, b AgentPackageSpec) int { return cmp.Compare(a.AgentPackageID, b.AgentPackageID) })
	return NewSystemAgentVersions(SystemAgentVersionsSpec{Packages: packages})
}

// BuildAgentDefault is the document of an ISP's default agent packages.
func BuildAgentDefault(event rsevent.RSDefaultAgentsUpdated) (SystemAgentDefault, error) {
	return NewSystemAgentDefault(SystemAgentDefaultSpec{Defaults: event.Defaults})
}

// BuildRouterDNS is the document of the DNS servers that routers may use.
func BuildRouterDNS(event rsevent.RSRouterProtectionUpdated) (SystemRouterDNS, error) {
	return NewSystemRouterDNS(SystemRouterDNSSpec{
		Enabled: event.Enabled, Servers: each(event.DNSAllowedList, canonicalIP),
	})
}

// BuildRouterAllowedIP is the document of the addresses that are never blocked.
func BuildRouterAllowedIP(event rsevent.RSRouterProtectionUpdated) (SystemRouterAllowedIP, error) {
	return NewSystemRouterAllowedIP(SystemRouterAllowedIPSpec{
		Enabled: event.Enabled, Addresses: each(event.AllowedList, canonicalIPOrRange),
	})
}

// BuildGeneral is the document of an ISP's general settings.
func BuildGeneral(event rsevent.RSSystemUpdated) (SystemGeneral, error) {
	return NewSystemGeneral(event.General)
}

func kindIs(want string, device rsevent.Device, subject string) error {
	if device.Kind == want {
		return nil
	}
	return check.Fail(subject, []Violation{{Path: "device.kind", Rule: "eq=" + want}})
}

func baseOf(d rsevent.Device) DeviceBase {
	services := rsevent.ResolveServices(d.Services)
	return DeviceBase{
		Device: Device{
			DeviceID: d.DeviceID, AccountID: d.AccountID, ISPID: d.ISPID,
			MAC: canonicalMAC(d.MAC), Hostname: d.Hostname, Name: d.Name,
		},
		Services: Services{
			ContentFiltering: ContentFiltering{serviceOf(services.ContentFiltering)},
			ThreatProtection: ThreatProtection{serviceOf(services.ThreatProtection)},
		},
	}
}

func serviceOf(s *rsevent.Service) BaseService {
	return BaseService{Enabled: *s.Enabled, BlockingPageURL: *s.BlockingPageURL}
}

// The canonical functions return what they do not understand as it is; the
// rules then refuse it.

func canonicalMAC(s string) string {
	if mac, err := net.ParseMAC(s); err == nil {
		return mac.String()
	}
	return s
}

func canonicalIP(s string) string {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Unmap().String()
	}
	return s
}

func canonicalIPOrRange(s string) string {
	if prefix, err := netip.ParsePrefix(s); err == nil {
		return prefix.Masked().String()
	}
	return canonicalIP(s)
}

func each(list []string, f func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}
