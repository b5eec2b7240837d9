package rsevent

import (
	"encoding/json"
	"time"
)

// ProductIsInstalled tells that an account uses a product.
type ProductIsInstalled struct {
	AccountID string `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	ISPID     string `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	Product   string `json:"product" validate:"required,max=64"`
}

// PostDevice commands accounts to create a device that a router has found.
type PostDevice struct {
	Device Device `json:"device"`
}

// PatchDevice commands accounts to change fields of a device. Patch is a JSON
// object with the fields of [Device] to set.
type PatchDevice struct {
	AccountID string          `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	DeviceID  string          `json:"device_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	Patch     json.RawMessage `json:"patch" validate:"required"`
}

// RSDeviceEventConnected tells that a device connected to its router.
type RSDeviceEventConnected struct {
	AccountID string    `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	ISPID     string    `json:"isp_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	DeviceID  string    `json:"device_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	RouterID  string    `json:"router_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	Timestamp time.Time `json:"timestamp" validate:"required"`
}

// DeviceNotification is what a customer is told of a device. It is the payload
// of every event type on [TopicNotification].
type DeviceNotification struct {
	AccountID string `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	ISPID     string `json:"isp_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	DeviceID  string `json:"device_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	Name      string `json:"name,omitempty" validate:"max=256"`
	// DeletionTimestamp is when the inactive device was or will be deleted.
	DeletionTimestamp *time.Time `json:"deletion_timestamp,omitempty"`
	Timestamp         time.Time  `json:"timestamp" validate:"required"`
}

// WSPRequest asks the bucket writer to keep a page that a device visited.
type WSPRequest struct {
	AccountID string    `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	ISPID     string    `json:"isp_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	DeviceID  string    `json:"device_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	URL       string    `json:"url" validate:"required,max=8192"`
	Category  string    `json:"category,omitempty" validate:"max=128"`
	Blocked   bool      `json:"blocked"`
	Timestamp time.Time `json:"timestamp" validate:"required"`
}

// HSDeviceEvent is the payload of the device events of the HomeSecure backend.
type HSDeviceEvent struct {
	DeviceID  string    `json:"device_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	AccountID string    `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	ISPID     string    `json:"isp_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	RouterID  string    `json:"router_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	MAC       string    `json:"mac,omitempty" validate:"omitempty,mac,max=17"`
	Hostname  string    `json:"hostname,omitempty" validate:"max=253"`
	Active    *bool     `json:"active,omitempty"`
	Timestamp time.Time `json:"timestamp" validate:"required"`
}

// HSWebSessionPage is a page that a device visited, as the HomeSecure backend saw it.
type HSWebSessionPage struct {
	DeviceID  string    `json:"device_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	AccountID string    `json:"account_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	ISPID     string    `json:"isp_id,omitempty" validate:"omitempty,max=128,printascii,excludesall= /?#%"`
	URL       string    `json:"url" validate:"required,max=8192"`
	Category  string    `json:"category,omitempty" validate:"max=128"`
	Blocked   bool      `json:"blocked"`
	Timestamp time.Time `json:"timestamp" validate:"required"`
}
