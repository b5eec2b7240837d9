package rsevent

// Actions that a device or router can be told to take.
const (
	ActionBlock   = "block"
	ActionUnblock = "unblock"
	ActionReboot  = "reboot"
	ActionUpgrade = "upgrade"
)

// ResolvedDevice is a device with everything decided that the HomeSecure backend
// is told: its services are resolved over all levels.
type ResolvedDevice struct {
	Device Device `json:"device"`
	// TargetAgentPackage is the agent package that a router is to run.
	TargetAgentPackage string `json:"target_agent_package,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	// Action is what the device is told to do, such as "block" for a device of a
	// suspended account.
	Action string `json:"action,omitempty" validate:"omitempty,oneof=block unblock reboot upgrade"`
	// Enabled tells whether a router protects its network; unset means true.
	Enabled *bool `json:"enabled,omitempty"`
}

// RSDevice is the payload of RSDeviceCreated, RSDeviceUpdated and, as last
// known, RSDeviceDeleted.
type RSDevice struct {
	Request
	ResolvedDevice
}

// RSUserUpdated carries every device of a user whose settings changed.
type RSUserUpdated struct {
	Request
	User    User             `json:"user"`
	Devices []ResolvedDevice `json:"devices" validate:"max=10000,dive"`
}

// RSDeviceAction tells one device or router to do something. Device, when
// present, is the resolved device, so that the whole document can be written;
// TargetAgentPackage and Enabled are then as in [ResolvedDevice].
type RSDeviceAction struct {
	Request
	DeviceID           string  `json:"device_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	AccountID          string  `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	ISPID              string  `json:"isp_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	Kind               string  `json:"kind" validate:"required,oneof=router device"`
	Action             string  `json:"action" validate:"required,oneof=block unblock reboot upgrade"`
	Device             *Device `json:"device,omitempty"`
	TargetAgentPackage string  `json:"target_agent_package,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	Enabled            *bool   `json:"enabled,omitempty"`
}

// RSCustomFlagsUpdated carries all feature flags of one router.
type RSCustomFlagsUpdated struct {
	Request
	DeviceID     string          `json:"device_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	AccountID    string          `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	ISPID        string          `json:"isp_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	FeatureFlags map[string]bool `json:"feature_flags" validate:"required,max=256,dive,keys,required,max=64,endkeys"`
}

// RSRouterUploadIntervalsUpdated carries a router whose upload intervals, in
// seconds by name, changed; they are those of the device.
type RSRouterUploadIntervalsUpdated struct {
	Request
	ResolvedDevice
}
