package rsevent

import (
	"encoding/json"
	"time"
)

// Device kinds.
const (
	KindRouter = "router"
	KindDevice = "device"
)

// Device is a router or a device behind one. It is the payload of DeviceCreated,
// DeviceUpdated and, as last known, DeviceDeleted.
type Device struct {
	DeviceID  string `json:"device_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	AccountID string `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	// ISPID is the account's; the accounts service always sets it.
	ISPID    string `json:"isp_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	UserID   string `json:"user_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	Kind     string `json:"kind" validate:"required,oneof=router device"`
	Name     string `json:"name" validate:"required,max=256"`
	MAC      string `json:"mac" validate:"required,mac,max=17"`
	Hostname string `json:"hostname,omitempty" validate:"max=253"`
	IsIoT    bool   `json:"is_iot"`
	// Identifiers are the serial numbers and the like by which a router is known.
	Identifiers []string  `json:"identifiers,omitempty" validate:"max=64,unique,dive,required,max=256"`
	Agent       *Agent    `json:"agent,omitempty"`
	Services    *Services `json:"services,omitempty"`
	// ActRules are JSON objects that this system passes on as they are.
	ActRules        []json.RawMessage      `json:"act_rules,omitempty" validate:"max=256,dive,required"`
	FeatureFlags    map[string]bool        `json:"feature_flags,omitempty" validate:"max=256,dive,keys,required,max=64,endkeys"`
	UploadIntervals map[string]int         `json:"upload_intervals,omitempty" validate:"max=64,dive,keys,required,max=64,endkeys,min=1,max=31536000"`
	ProductData     map[string]ProductData `json:"product_data,omitempty" validate:"max=32,dive,keys,required,max=64,endkeys"`
	Internal        *Internal              `json:"internal,omitempty"`
}

// Agent is the software that runs on a router.
type Agent struct {
	// Target is the hardware and system that the agent is built for.
	Target  string `json:"target" validate:"required,max=64,printascii,excludesall= /?#%"`
	Version string `json:"version,omitempty" validate:"max=64"`
}

// ProductData is what one product knows of a device.
type ProductData struct {
	Status ProductStatus `json:"status"`
}

// ProductStatus tells whether a product has seen a device and uses it.
type ProductStatus struct {
	IsNew           bool       `json:"is_new"`
	Active          bool       `json:"active"`
	ActiveTimestamp *time.Time `json:"active_timestamp,omitempty"`
}

// Internal is what only the core sets.
type Internal struct {
	// DeletionTimestamp is when the device is deleted unless it becomes active.
	DeletionTimestamp *time.Time `json:"deletion_timestamp,omitempty"`
}
