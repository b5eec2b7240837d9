package rsmodels

import "encoding/json"

// Device says which device a document is about.
type Device struct {
	DeviceID  string `json:"device_id" validate:"required,max=128,token"`
	AccountID string `json:"account_id" validate:"required,max=128,token"`
	ISPID     string `json:"isp_id" validate:"required,max=128,token"`
	MAC       string `json:"mac" validate:"required,mac48"`
	Hostname  string `json:"hostname" validate:"max=253,text"`
	Name      string `json:"name" validate:"required,max=256,text"`
}

// BaseService is what every filter has.
type BaseService struct {
	Enabled bool `json:"enabled"`
	// BlockingPageURL is an absolute http or https URL, or empty.
	BlockingPageURL string `json:"blocking_page_url" validate:"omitempty,max=2048,weburl"`
}

// ContentFiltering blocks pages by category.
type ContentFiltering struct{ BaseService }

// ThreatProtection blocks pages that do harm.
type ThreatProtection struct{ BaseService }

// Services are the filters of one device, fully resolved.
type Services struct {
	ContentFiltering ContentFiltering `json:"content_filtering"`
	ThreatProtection ThreatProtection `json:"threat_protection"`
}

// DeviceBase is what the documents of devices and routers share.
type DeviceBase struct {
	Device   Device   `json:"device"`
	Services Services `json:"services"`
}

// DeviceSpec is the content of a [DeviceConfiguration].
type DeviceSpec struct {
	DeviceBase
	Action string `json:"action,omitempty" validate:"omitempty,oneof=block unblock reboot upgrade"`
	IsIoT  bool   `json:"is_iot"`
	// ActRules are JSON objects that are passed on as they are.
	ActRules []json.RawMessage `json:"act_rules" validate:"max=256,dive,jsonobject"`
}

// DeviceConfiguration configures a device behind a router. Its id is the
// device's.
type DeviceConfiguration struct{ document }

// NewDeviceConfiguration makes a document of a spec.
func NewDeviceConfiguration(spec DeviceSpec) (DeviceConfiguration, error) {
	spec.ActRules = canonicalObjects(spec.ActRules)
	at := place{"DeviceConfiguration", KindDevices, spec.Device.DeviceID, MaxDocumentSize}
	doc, err := seal(at, spec, rules().Struct(spec))
	return DeviceConfiguration{doc}, err
}

// ParseDeviceConfiguration reads a document from JSON.
func ParseDeviceConfiguration(data []byte) (DeviceConfiguration, error) {
	return parse(data, place{subject: "DeviceConfiguration", limit: MaxDocumentSize}, NewDeviceConfiguration)
}

// Spec is a copy of the content.
func (d DeviceConfiguration) Spec() DeviceSpec { return specOf[DeviceSpec](d.document) }

// UnmarshalJSON replaces the document as [ParseDeviceConfiguration] reads it.
func (d *DeviceConfiguration) UnmarshalJSON(data []byte) (err error) {
	*d, err = ParseDeviceConfiguration(data)
	return err
}
