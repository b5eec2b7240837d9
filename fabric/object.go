package fabric

import "maps"

// PortAPIVersion is the API group and version of every port kind.
const PortAPIVersion = "ports.demeter.run/v1alpha1"

// Kind names a type of object the way the cluster's API does.
type Kind struct {
	APIVersion string
	// Name is the type's name, "Namespace". For a port it is the port's kind,
	// "http", which a cluster matches against its types without regard to case.
	Name string
}

// PortKind returns the Kind of a port.
func PortKind(name string) Kind { return Kind{APIVersion: PortAPIVersion, Name: name} }

// The kinds that the domain writes, ports aside.
var (
	KindNamespace     = Kind{"v1", "Namespace"}
	KindConfigMap     = Kind{"v1", "ConfigMap"}
	KindResourceQuota = Kind{"v1", "ResourceQuota"}
	KindLimitRange    = Kind{"v1", "LimitRange"}
	KindNetworkPolicy = Kind{"networking.k8s.io/v1", "NetworkPolicy"}
	KindRoleBinding   = Kind{"rbac.authorization.k8s.io/v1", "RoleBinding"}
)

// Ref names one object. Namespace is empty for namespaces themselves.
type Ref struct {
	Kind      Kind
	Namespace string
	Name      string
}

// String returns "Kind namespace/name" for logs and reasons.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind.Name + " " + r.Name
	}
	return r.Kind.Name + " " + r.Namespace + "/" + r.Name
}

// Object is one object of a cluster, as far as the domain looks at it.
type Object struct {
	Ref

	Labels      map[string]string
	Annotations map[string]string
	// Fields are the top-level fields beside apiVersion, kind and metadata
	// ("spec", "data", "roleRef"), in the form encoding/json decodes into.
	Fields map[string]any

	// UID and ResourceVersion are set by the cluster. Given to Apply they are
	// preconditions: the object must still be that one, in that version.
	UID             string
	ResourceVersion string
	// Deleting tells that the object's removal has begun (its
	// deletionTimestamp is set), and Blockers what it waits for: finalizers
	// and, for a namespace, the cluster's own words about what remains in it.
	Deleting bool
	Blockers []string
}

// ManagedByFabric tells whether the object carries the fabric's label.
func (o Object) ManagedByFabric() bool { return o.Labels[labelManagedBy] == managedByFabric }

// Clone returns a deep copy.
func (o Object) Clone() Object {
	o.Labels, o.Annotations = maps.Clone(o.Labels), maps.Clone(o.Annotations)
	o.Fields, _ = cloneValue(o.Fields).(map[string]any)
	o.Blockers = append([]string(nil), o.Blockers...)
	return o
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = cloneValue(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = cloneValue(item)
		}
		return out
	default:
		return v
	}
}
