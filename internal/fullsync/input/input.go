// Package input is the format of a full sync's input: newline-delimited JSON, one
// provider or one household a line, providers first.
//
// The structs are the REST bodies of the services, written here a second time on purpose:
// what a sync must produce is computed from them, and a mistake in the services' own
// types would otherwise hide itself.
package input

import "encoding/json"

// Line is one line of input: exactly one of Provider and Household is set.
type Line struct {
	Provider  *Provider  `json:"provider,omitempty"`
	Household *Household `json:"household,omitempty"`
	// Number is where the line stands, from 1.
	Number int `json:"-"`
}

// Provider is an internet provider (ISP): its configuration, its router protection and
// the agent packages that it offers its routers.
type Provider struct {
	ISPID                 string           `json:"isp_id"`
	Name                  string           `json:"name"`
	Configuration         Configuration    `json:"configuration"`
	RouterProtection      RouterProtection `json:"router_protection"`
	LANProtection         json.RawMessage  `json:"lan_protection,omitempty"`
	AdvancedConfiguration json.RawMessage  `json:"advanced_configuration,omitempty"`
	AgentPackages         []AgentPackage   `json:"agent_packages"`
}

// Configuration is what holds for every account of an ISP unless the account, a user or
// a device says otherwise.
type Configuration struct {
	Services        *Services `json:"services,omitempty"`
	MaxInactiveDays int       `json:"max_inactive_days,omitempty"` // 0: devices are kept for ever
}

// RouterProtection is an ISP's system-wide protection of its routers.
type RouterProtection struct {
	Enabled        bool     `json:"enabled"`
	DNSAllowedList []string `json:"dns_allowed_list"` // IP addresses
	AllowedList    []string `json:"allowed_list"`     // IP addresses and CIDR ranges
}

// AgentPackage is one version of the router agent for one target. Default makes it the
// one that the ISP's routers of that target get.
type AgentPackage struct {
	AgentPackageID string `json:"agent_package_id"`
	Target         string `json:"target"`
	Version        string `json:"version"`
	URL            string `json:"url"`
	SHA256         string `json:"sha256"` // 64 hexadecimal digits
	Size           int64  `json:"size"`   // bytes
	Default        bool   `json:"default,omitempty"`
}

// Household is an account with the people and the devices in it.
type Household struct {
	Account Account  `json:"account"`
	Users   []User   `json:"users"`
	Devices []Device `json:"devices"`
	// AgentPackages says which routers run another package than their target's default:
	// device id to agent package id.
	AgentPackages map[string]string `json:"agent_packages,omitempty"`
}

// Account is an ISP's contract with a household.
type Account struct {
	AccountID string    `json:"account_id"`
	ISPID     string    `json:"isp_id"`
	Name      string    `json:"name"`
	Status    string    `json:"status"` // active or suspended
	Products  []string  `json:"products"`
	Services  *Services `json:"services,omitempty"`
}

// User is a person in a household, with filters of their own or without.
type User struct {
	UserID    string    `json:"user_id"`
	AccountID string    `json:"account_id"`
	Name      string    `json:"name"`
	Services  *Services `json:"services,omitempty"`
}

// Device is a router, or anything behind one.
type Device struct {
	DeviceID        string            `json:"device_id"`
	AccountID       string            `json:"account_id"`
	UserID          string            `json:"user_id,omitempty"`
	Kind            string            `json:"kind"` // router or device
	Name            string            `json:"name"`
	MAC             string            `json:"mac"`
	Hostname        string            `json:"hostname,omitempty"`
	IsIoT           bool              `json:"is_iot"`
	Identifiers     []string          `json:"identifiers,omitempty"`
	Agent           *Agent            `json:"agent,omitempty"`
	Services        *Services         `json:"services,omitempty"`
	ActRules        []json.RawMessage `json:"act_rules,omitempty"`
	FeatureFlags    map[string]bool   `json:"feature_flags,omitempty"`
	UploadIntervals map[string]int    `json:"upload_intervals,omitempty"` // seconds
}

// Agent is the software that runs on a router now.
type Agent struct {
	Target  string `json:"target"`
	Version string `json:"version"`
}

// Services are the filters; a nil one leaves the decision to the next, less specific
// level.
type Services struct {
	ContentFiltering *Filter `json:"content_filtering,omitempty"`
	ThreatProtection *Filter `json:"threat_protection,omitempty"`
}

// Filter is one protection. An empty page leaves the address to the next level.
type Filter struct {
	Enabled         bool   `json:"enabled"`
	BlockingPageURL string `json:"blocking_page_url,omitempty"`
}

// IsRouter tells a router from what stands behind one.
func (d Device) IsRouter() bool { return d.Kind == "router" }
