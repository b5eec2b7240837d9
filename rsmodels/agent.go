package rsmodels

import (
	"maps"
	"slices"
	"time"
)

// AgentPackageSpec is the content of an [AgentPackage].
type AgentPackageSpec struct {
	AgentPackageID string `json:"agent_package_id" validate:"required,max=128,token"`
	ISPID          string `json:"isp_id" validate:"required,max=128,token"`
	// Target is the hardware and system that the agent is built for.
	Target string `json:"target" validate:"required,max=64,token"`
	// Version follows Semantic Versioning 2.0.0.
	Version string `json:"version" validate:"required,max=64,semver"`
	URL     string `json:"url" validate:"required,max=2048,weburl"`
	// SHA256 is in lower-case hexadecimal.
	SHA256 string `json:"sha256" validate:"required,sha256"`
	// Size is in bytes.
	Size int64 `json:"size" validate:"min=1"`
	// CreatedAt is in UTC.
	CreatedAt time.Time `json:"created_at" validate:"required,rfc3339"`
}

// AgentPackage is one version of the router agent for one target. Its id is the
// agent package's.
type AgentPackage struct{ document }

// NewAgentPackage makes a document of a spec.
func NewAgentPackage(spec AgentPackageSpec) (AgentPackage, error) {
	spec.CreatedAt = spec.CreatedAt.UTC()
	at := place{"AgentPackage", KindAgentPackages, spec.AgentPackageID, MaxDocumentSize}
	doc, err := seal(at, spec, rules().Struct(spec))
	return AgentPackage{doc}, err
}

// ParseAgentPackage reads a document from JSON.
func ParseAgentPackage(data []byte) (AgentPackage, error) {
	return parse(data, place{subject: "AgentPackage", limit: MaxDocumentSize}, NewAgentPackage)
}

// Spec is a copy of the content.
func (p AgentPackage) Spec() AgentPackageSpec { return specOf[AgentPackageSpec](p.document) }

// UnmarshalJSON replaces the document as [ParseAgentPackage] reads it.
func (p *AgentPackage) UnmarshalJSON(data []byte) (err error) {
	*p, err = ParseAgentPackage(data)
	return err
}

// SystemAgentVersionsSpec is the content of [SystemAgentVersions].
type SystemAgentVersionsSpec struct {
	Packages []AgentPackageSpec `json:"packages" validate:"max=10000,unique=AgentPackageID,dive"`
}

// SystemAgentVersions lists all agent packages of an ISP.
type SystemAgentVersions struct{ document }

// NewSystemAgentVersions makes a document of a spec.
func NewSystemAgentVersions(spec SystemAgentVersionsSpec) (SystemAgentVersions, error) {
	spec.Packages = slices.Clone(orEmpty(spec.Packages))
	for i := range spec.Packages {
		spec.Packages[i].CreatedAt = spec.Packages[i].CreatedAt.UTC()
	}
	at := place{"SystemAgentVersions", KindSystem, SystemAgentVersionsID, MaxSystemDocumentSize}
	doc, err := seal(at, spec, rules().Struct(spec))
	return SystemAgentVersions{doc}, err
}

// ParseSystemAgentVersions reads a document from JSON.
func ParseSystemAgentVersions(data []byte) (SystemAgentVersions, error) {
	return parse(data, place{subject: "SystemAgentVersions", limit: MaxSystemDocumentSize}, NewSystemAgentVersions)
}

// Spec is a copy of the content.
func (s SystemAgentVersions) Spec() SystemAgentVersionsSpec {
	return specOf[SystemAgentVersionsSpec](s.document)
}

// UnmarshalJSON replaces the document as [ParseSystemAgentVersions] reads it.
func (s *SystemAgentVersions) UnmarshalJSON(data []byte) (err error) {
	*s, err = ParseSystemAgentVersions(data)
	return err
}

// SystemAgentDefaultSpec is the content of a [SystemAgentDefault].
type SystemAgentDefaultSpec struct {
	// Defaults maps each target to an agent package id.
	Defaults map[string]string `json:"defaults" validate:"max=1000,dive,keys,required,max=64,token,endkeys,required,max=128,token"`
}

// SystemAgentDefault says which agent package routers run unless told otherwise.
type SystemAgentDefault struct{ document }

// NewSystemAgentDefault makes a document of a spec.
func NewSystemAgentDefault(spec SystemAgentDefaultSpec) (SystemAgentDefault, error) {
	spec.Defaults = maps.Clone(spec.Defaults)
	if spec.Defaults == nil {
		spec.Defaults = map[string]string{}
	}
	at := place{"SystemAgentDefault", KindSystem, SystemAgentDefaultID, MaxSystemDocumentSize}
	doc, err := seal(at, spec, rules().Struct(spec))
	return SystemAgentDefault{doc}, err
}

// ParseSystemAgentDefault reads a document from JSON.
func ParseSystemAgentDefault(data []byte) (SystemAgentDefault, error) {
	return parse(data, place{subject: "SystemAgentDefault", limit: MaxSystemDocumentSize}, NewSystemAgentDefault)
}

// Spec is a copy of the content.
func (s SystemAgentDefault) Spec() SystemAgentDefaultSpec {
	return specOf[SystemAgentDefaultSpec](s.document)
}

// UnmarshalJSON replaces the document as [ParseSystemAgentDefault] reads it.
func (s *SystemAgentDefault) UnmarshalJSON(data []byte) (err error) {
	*s, err = ParseSystemAgentDefault(data)
	return err
}
