package rsmodels

import "maps"

// RouterSpec is the content of a [RouterConfiguration].
type RouterSpec struct {
	DeviceBase
	// Enabled tells whether the router protects its network.
	Enabled bool `json:"enabled"`
	// Identifiers are serial numbers and the like.
	Identifiers []string `json:"identifiers" validate:"max=64,unique,dive,required,max=256,text"`
	// TargetAgentPackage is the id of the agent package that the router is to run.
	TargetAgentPackage string `json:"target_agent_package,omitempty" validate:"omitempty,max=128,token"`
	Action             string `json:"action,omitempty" validate:"omitempty,oneof=block unblock reboot upgrade"`
	// UploadIntervals are in seconds, by name of what is uploaded.
	UploadIntervals map[string]int `json:"upload_intervals,omitempty" validate:"max=64,dive,keys,required,max=64,token,endkeys,min=1,max=31536000"`
}

// RouterConfiguration configures a router. Its id is the router's device id.
type RouterConfiguration struct{ document }

// NewRouterConfiguration makes a document of a spec.
func NewRouterConfiguration(spec RouterSpec) (RouterConfiguration, error) {
	spec.Identifiers = orEmpty(spec.Identifiers)
	at := place{"RouterConfiguration", KindRouters, spec.Device.DeviceID, MaxDocumentSize}
	doc, err := seal(at, spec, rules().Struct(spec))
	return RouterConfiguration{doc}, err
}

// ParseRouterConfiguration reads a document from JSON.
func ParseRouterConfiguration(data []byte) (RouterConfiguration, error) {
	return parse(data, place{subject: "RouterConfiguration", limit: MaxDocumentSize}, NewRouterConfiguration)
}

// Spec is a copy of the content.
func (r RouterConfiguration) Spec() RouterSpec { return specOf[RouterSpec](r.document) }

// UnmarshalJSON replaces the document as [ParseRouterConfiguration] reads it.
func (r *RouterConfiguration) UnmarshalJSON(data []byte) (err error) {
	*r, err = ParseRouterConfiguration(data)
	return err
}

// FeatureFlagsSpec is the content of [FeatureFlags]: whether each flag is on.
type FeatureFlagsSpec map[string]bool

// FeatureFlagsRules are the validator tag of a [FeatureFlagsSpec].
const FeatureFlagsRules = "max=256,dive,keys,required,max=64,token,endkeys"

// FeatureFlags are all feature flags of one router. Their id is the router's,
// which the content does not repeat.
type FeatureFlags struct{ document }

// NewFeatureFlags makes a document of a router's flags.
func NewFeatureFlags(routerID string, spec FeatureFlagsSpec) (FeatureFlags, error) {
	flags := maps.Clone(spec)
	if flags == nil {
		flags = FeatureFlagsSpec{}
	}
	found := rules().Value(flags, FeatureFlagsRules)
	for _, v := range rules().Value(routerID, "required,max=128,token") {
		found = append(found, Violation{Path: "router_id", Rule: v.Rule})
	}
	doc, err := seal(place{"FeatureFlags", KindFeatureFlags, routerID, MaxDocumentSize}, flags, found)
	return FeatureFlags{doc}, err
}

// ParseFeatureFlags reads a router's flags from JSON.
func ParseFeatureFlags(routerID string, data []byte) (FeatureFlags, error) {
	at := place{subject: "FeatureFlags", limit: MaxDocumentSize}
	return parse(data, at, func(spec FeatureFlagsSpec) (FeatureFlags, error) { return NewFeatureFlags(routerID, spec) })
}

// Spec is a copy of the content.
func (f FeatureFlags) Spec() FeatureFlagsSpec { return specOf[FeatureFlagsSpec](f.document) }
