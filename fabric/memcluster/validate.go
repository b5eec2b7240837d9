package memcluster

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hexplane/hexplane/fabric"
)

var (
	dnsLabel     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	dnsSubdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	labelName    = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
)

// validate checks what every API server checks: names, labels, annotations.
// Rules: k8s.io/apimachinery/pkg/util/validation.
func validate(obj fabric.Object) error {
	invalid := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", fabric.ErrInvalid, obj.Ref, fmt.Sprintf(format, args...))
	}
	switch {
	case !validName(obj.Ref):
		return invalid("name %q", obj.Name)
	case (obj.Kind == fabric.KindNamespace) != (obj.Namespace == ""):
		return invalid("namespace %q", obj.Namespace)
	}
	for key, value := range obj.Labels {
		if !validKey(key) {
			return invalid("label key %q", key)
		}
		if value != "" && !labelName.MatchString(value) {
			return invalid("value %q of label %s", value, key)
		}
	}
	for key := range obj.Annotations {
		if !validKey(key) {
			return invalid("annotation key %q", key)
		}
	}
	return nil
}

func validName(ref fabric.Ref) bool {
	switch ref.Kind {
	case fabric.KindNamespace:
		return dnsLabel.MatchString(ref.Name)
	case fabric.KindRoleBinding: // a path segment
		return ref.Name != "" && ref.Name != "." && ref.Name != ".." && !strings.ContainsAny(ref.Name, "/%")
	default:
		return len(ref.Name) <= 253 && dnsSubdomain.MatchString(ref.Name)
	}
}

func validKey(key string) bool {
	prefix, name, qualified := strings.Cut(key, "/")
	if !qualified {
		return labelName.MatchString(key)
	}
	return len(prefix) <= 253 && dnsSubdomain.MatchString(prefix) && labelName.MatchString(name)
}
