package rsevent

import (
	"encoding/json"
	"time"
)

// RSRouterProtectionUpdated carries an ISP's router protection.
type RSRouterProtectionUpdated struct {
	Request
	ISPID   string `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	Enabled bool   `json:"enabled"`
	// DNSAllowedList holds the IP addresses of the DNS servers that routers may use.
	DNSAllowedList []string `json:"dns_allowed_list" validate:"max=10000,unique,dive,ip"`
	// AllowedList holds the IP addresses and CIDR ranges that are never blocked.
	AllowedList []string `json:"allowed_list" validate:"max=10000,unique,dive,ip|cidr"`
}

// RSSystemUpdated carries an ISP's general settings: a JSON object that this
// system passes on as it is.
type RSSystemUpdated struct {
	Request
	ISPID   string                     `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	General map[string]json.RawMessage `json:"general" validate:"required,max=1000,dive,keys,required,max=128,endkeys,required"`
}

// AgentPackage is one version of the router agent for one target.
type AgentPackage struct {
	AgentPackageID string `json:"agent_package_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	ISPID          string `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	Target         string `json:"target" validate:"required,max=64,printascii,excludesall= /?#%"`
	// Version follows Semantic Versioning 2.0.0.
	Version string `json:"version" validate:"required,max=64,semver"`
	URL     string `json:"url" validate:"required,max=2048,http_url"`
	// SHA256 is the package's checksum, in lower-case hexadecimal.
	SHA256 string `json:"sha256" validate:"required,sha256"`
	// Size is in bytes.
	Size      int64     `json:"size" validate:"required,min=1"`
	CreatedAt time.Time `json:"created_at" validate:"required"`
}

// RSAgentPackageCreated carries one agent package.
type RSAgentPackageCreated struct {
	Request
	Package AgentPackage `json:"package"`
}

// RSAgentsUpdated carries all agent packages of an ISP.
type RSAgentsUpdated struct {
	Request
	ISPID    string         `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	Packages []AgentPackage `json:"packages" validate:"max=10000,dive"`
}

// RSDefaultAgentsUpdated carries, by target, the agent packages that an ISP's
// routers run unless told otherwise.
type RSDefaultAgentsUpdated struct {
	Request
	ISPID    string            `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	Defaults map[string]string `json:"defaults" validate:"max=1000,dive,keys,required,max=64,printascii,endkeys,required,max=128"`
}

// ISPGlobalConfigurations is the payload of ISPGlobalConfigurationsCreated and
// ISPGlobalConfigurationsUpdated.
type ISPGlobalConfigurations struct {
	ISPID         string           `json:"isp_id" validate:"required,max=128,printascii,excludesall= /?#%"`
	Configuration ISPConfiguration `json:"configuration"`
}

// ISPConfiguration is what an ISP sets for all its accounts.
type ISPConfiguration struct {
	Services *Services `json:"services,omitempty"`
	// MaxInactiveDays is after how many days without activity a device is
	// deleted; unset means never.
	MaxInactiveDays *int `json:"max_inactive_days,omitempty" validate:"omitnil,min=1,max=3650"`
}
