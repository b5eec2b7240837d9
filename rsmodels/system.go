package rsmodels

import "encoding/json"

// SystemRouterDNSSpec is the content of a [SystemRouterDNS].
type SystemRouterDNSSpec struct {
	Enabled bool `json:"enabled"`
	// Servers are IP addresses in canonical text.
	Servers []string `json:"servers" validate:"max=10000,unique,dive,ipaddr"`
}

// SystemRouterDNS says which DNS servers routers may use.
type SystemRouterDNS struct{ document }

// NewSystemRouterDNS makes a document of a spec.
func NewSystemRouterDNS(spec SystemRouterDNSSpec) (SystemRouterDNS, error) {
	spec.Servers = orEmpty(spec.Servers)
	at := place{"SystemRouterDNS", KindSystem, SystemRouterDNSID, MaxSystemDocumentSize}
	doc, err := seal(at, spec, rules().Struct(spec))
	return SystemRouterDNS{doc}, err
}

// ParseSystemRouterDNS reads a document from JSON.
func ParseSystemRouterDNS(data []byte) (SystemRouterDNS, error) {
	return parse(data, place{subject: "SystemRouterDNS", limit: MaxSystemDocumentSize}, NewSystemRouterDNS)
}

// Spec is a copy of the content.
func (s SystemRouterDNS) Spec() SystemRouterDNSSpec { return specOf[SystemRouterDNSSpec](s.document) }

// UnmarshalJSON replaces the document as [ParseSystemRouterDNS] reads it.
func (s *SystemRouterDNS) UnmarshalJSON(data []byte) (err error) {
	*s, err = ParseSystemRouterDNS(data)
	return err
}

// SystemRouterAllowedIPSpec is the content of a [SystemRouterAllowedIP].
type SystemRouterAllowedIPSpec struct {
	Enabled bool `json:"enabled"`
	// Addresses are IP addresses and CIDR ranges in canonical text.
	Addresses []string `json:"addresses" validate:"max=10000,unique,dive,ipaddr|iprange"`
}

// SystemRouterAllowedIP says which addresses are never blocked.
type SystemRouterAllowedIP struct{ document }

// NewSystemRouterAllowedIP makes a document of a spec.
func NewSystemRouterAllowedIP(spec SystemRouterAllowedIPSpec) (SystemRouterAllowedIP, error) {
	spec.Addresses = orEmpty(spec.Addresses)
	at := place{"SystemRouterAllowedIP", KindSystem, SystemRouterAllowedIPID, MaxSystemDocumentSize}
	doc, err := seal(at, spec, rules().Struct(spec))
	return SystemRouterAllowedIP{doc}, err
}

// ParseSystemRouterAllowedIP reads a document from JSON.
func ParseSystemRouterAllowedIP(data []byte) (SystemRouterAllowedIP, error) {
	return parse(data, place{subject: "SystemRouterAllowedIP", limit: MaxSystemDocumentSize}, NewSystemRouterAllowedIP)
}

// Spec is a copy of the content.
func (s SystemRouterAllowedIP) Spec() SystemRouterAllowedIPSpec {
	return specOf[SystemRouterAllowedIPSpec](s.document)
}

// UnmarshalJSON replaces the document as [ParseSystemRouterAllowedIP] reads it.
func (s *SystemRouterAllowedIP) UnmarshalJSON(data []byte) (err error) {
	*s, err = ParseSystemRouterAllowedIP(data)
	return err
}

// SystemGeneralSpec is the content of a [SystemGeneral]: any JSON values by name.
type SystemGeneralSpec map[string]json.RawMessage

// SystemGeneralRules are the validator tag of a [SystemGeneralSpec].
const SystemGeneralRules = "max=1000,dive,keys,required,max=128,text,endkeys,jsonvalue"

// SystemGeneral holds an ISP's general settings, which are passed on as they are.
type SystemGeneral struct{ document }

// NewSystemGeneral makes a document of a spec.
func NewSystemGeneral(spec SystemGeneralSpec) (SystemGeneral, error) {
	general := make(SystemGeneralSpec, len(spec))
	for name, value := range spec {
		general[name] = canonicalValue(value)
	}
	at := place{"SystemGeneral", KindSystem, SystemGeneralID, MaxSystemDocumentSize}
	doc, err := seal(at, general, rules().Value(general, SystemGeneralRules))
	return SystemGeneral{doc}, err
}

// ParseSystemGeneral reads a document from JSON.
func ParseSystemGeneral(data []byte) (SystemGeneral, error) {
	return parse(data, place{subject: "SystemGeneral", limit: MaxSystemDocumentSize}, NewSystemGeneral)
}

// Spec is a copy of the content.
func (s SystemGeneral) Spec() SystemGeneralSpec { return specOf[SystemGeneralSpec](s.document) }

// UnmarshalJSON replaces the document as [ParseSystemGeneral] reads it.
func (s *SystemGeneral) UnmarshalJSON(data []byte) (err error) {
	*s, err = ParseSystemGeneral(data)
	return err
}
