package fabric

import (
	"fmt"
	"maps"
	"strconv"
)

// Isolation says which traffic a new namespace's NetworkPolicy denies.
type Isolation string

// The isolations.
const (
	IsolateNone    Isolation = "none"    // no NetworkPolicy
	IsolateIngress Isolation = "ingress" // nothing comes in
	IsolateAll     Isolation = "all"     // nothing comes in or goes out
)

// Baseline is what every project's namespace is given. The zero value gives
// labels only. Quantities are whole numbers with an optional suffix ("10",
// "500m", "20Gi").
type Baseline struct {
	// Labels are put on the namespace beside the fabric's own.
	Labels map[string]string `json:"labels,omitempty"`
	// Quota is the ResourceQuota's spec.hard; empty means none.
	Quota map[string]string `json:"quota,omitempty"`
	// ContainerLimits and ContainerRequests are the LimitRange's defaults per
	// container; both empty means none.
	ContainerLimits   map[string]string `json:"container_limits,omitempty"`
	ContainerRequests map[string]string `json:"container_requests,omitempty"`
	// Isolation is the NetworkPolicy; empty means IsolateNone.
	Isolation Isolation `json:"isolation,omitempty"`
	// AccountRole is the ClusterRole that the account's group is given inside
	// the namespace; empty means no RoleBinding.
	AccountRole string `json:"account_role,omitempty"`
	// GroupPrefix and the account's id make the group's name.
	GroupPrefix string `json:"group_prefix,omitempty"`
}

// DefaultBaseline returns a baseline that suits a shared cluster: the baseline
// pod security level, quotas, limits, no traffic, and the edit role for the
// group "demeter:account:<account id>".
func DefaultBaseline() Baseline {
	return Baseline{
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "baseline"},
		Quota: map[string]string{
			"requests.cpu": "4", "requests.memory": "8Gi",
			"limits.cpu": "8", "limits.memory": "16Gi",
			"pods": "50", "services.loadbalancers": "2",
		},
		ContainerLimits:   map[string]string{"cpu": "500m", "memory": "512Mi"},
		ContainerRequests: map[string]string{"cpu": "100m", "memory": "128Mi"},
		Isolation:         IsolateAll,
		AccountRole:       "edit",
		GroupPrefix:       "demeter:account:",
	}
}

// canonical returns the baseline with its quantities as a cluster writes them,
// or an error that names the bad field.
func (b Baseline) canonical() (Baseline, error) {
	switch b.Isolation {
	case "", IsolateNone, IsolateIngress, IsolateAll:
	default:
		return b, fmt.Errorf("%w: baseline isolation %q", ErrConfig, b.Isolation)
	}
	for name, quantities := range map[string]*map[string]string{
		"quota": &b.Quota, "container_limits": &b.ContainerLimits, "container_requests": &b.ContainerRequests,
	} {
		*quantities = maps.Clone(*quantities)
		for resource, given := range *quantities {
			q, err := canonicalQuantity(given)
			if err != nil {
				return b, fmt.Errorf("%w: baseline %s.%s: %w", ErrConfig, name, resource, err)
			}
			(*quantities)[resource] = q
		}
	}
	return b, nil
}

// Names of the baseline's objects. A RoleBinding's role cannot be changed, so
// its name contains the role.
const (
	baselineName      = "demeter-baseline"
	denyPolicyName    = "demeter-default-deny"
	roleBindingPrefix = "demeter-account-"
)

// namespace returns the project's namespace with its labels.
func (b Baseline) namespace(p Project) Object {
	labels := maps.Clone(b.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, p.labels())
	return sealed(Object{
		Ref:    p.ref(),
		Labels: labels,
		Annotations: map[string]string{
			annotationName:       p.Name,
			annotationGeneration: strconv.FormatInt(p.Generation, 10),
		},
	})
}

// part is one object of the baseline, rendered when it is needed.
type part struct {
	ref    Ref
	fields func() map[string]any
}

// parts returns what belongs inside the project's namespace.
func (b Baseline) parts(p Project) []part {
	var out []part
	add := func(kind Kind, name string, fields func() map[string]any) {
		out = append(out, part{Ref{Kind: kind, Namespace: p.Namespace, Name: name}, fields})
	}
	if len(b.Quota) > 0 {
		add(KindResourceQuota, baselineName, func() map[string]any { return spec("hard", anyMap(b.Quota)) })
	}
	if len(b.ContainerLimits)+len(b.ContainerRequests) > 0 {
		add(KindLimitRange, baselineName, func() map[string]any { return spec("limits", []any{b.limits()}) })
	}
	if deny := b.denied(); len(deny) > 0 {
		add(KindNetworkPolicy, denyPolicyName, func() map[string]any {
			return map[string]any{"spec": map[string]any{
				"podSelector": map[string]any{}, "policyTypes": deny, "ingress": []any{}, "egress": []any{},
			}}
		})
	}
	if b.AccountRole != "" {
		add(KindRoleBinding, roleBindingPrefix+b.AccountRole, func() map[string]any { return b.binding(p) })
	}
	return out
}

// object renders the part for its project.
func (t part) object(p Project) Object {
	return sealed(Object{Ref: t.ref, Labels: p.labels(), Fields: t.fields()})
}

// objects returns what belongs inside the project's namespace, rendered.
func (b Baseline) objects(p Project) []Object {
	var out []Object
	for _, part := range b.parts(p) {
		out = append(out, part.object(p))
	}
	return out
}

func (b Baseline) limits() map[string]any {
	item := map[string]any{"type": "Container"}
	if len(b.ContainerLimits) > 0 {
		item["default"] = anyMap(b.ContainerLimits)
	}
	if len(b.ContainerRequests) > 0 {
		item["defaultRequest"] = anyMap(b.ContainerRequests)
	}
	return item
}

func (b Baseline) denied() []any {
	switch b.Isolation {
	case IsolateAll:
		return []any{"Ingress", "Egress"}
	case IsolateIngress:
		return []any{"Ingress"}
	default:
		return nil
	}
}

func (b Baseline) binding(p Project) map[string]any {
	const group = "rbac.authorization.k8s.io"
	return map[string]any{
		"roleRef": map[string]any{"apiGroup": group, "kind": "ClusterRole", "name": b.AccountRole},
		"subjects": []any{map[string]any{
			"apiGroup": group, "kind": "Group", "name": b.GroupPrefix + p.AccountID,
		}},
	}
}

func spec(key string, value any) map[string]any {
	return map[string]any{"spec": map[string]any{key: value}}
}

func anyMap(in map[string]string) map[string]any {
	out := make(map[string]any, len(in))
	for key, value := range in {
		out[key] = value
	}
	return out
}
