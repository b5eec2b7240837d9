package kube

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/hexplane/hexplane/fabric"
)

// toWire returns the object as the API takes it. The fields are taken as they
// are, numbers in the types that the API machinery can copy.
func toWire(obj fabric.Object, kind string) *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: map[string]any{}}
	for key, value := range obj.Fields {
		out.Object[key] = plain(value)
	}
	out.SetAPIVersion(obj.Kind.APIVersion)
	out.SetKind(kind)
	out.SetName(obj.Name)
	out.SetNamespace(obj.Namespace)
	if len(obj.Labels) > 0 {
		out.SetLabels(obj.Labels)
	}
	if len(obj.Annotations) > 0 {
		out.SetAnnotations(obj.Annotations)
	}
	out.SetUID(types.UID(obj.UID))
	out.SetResourceVersion(obj.ResourceVersion)
	return out
}

// plain returns a copy in which every number is an int64 or a float64.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = plain(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = plain(item)
		}
		return out
	case int:
		return int64(v)
	case float64:
		if whole := int64(v); float64(whole) == v {
			return whole
		}
		return v
	default:
		return v
	}
}

// fromWire returns what the domain looks at. The status is not part of it, what
// holds a removal is.
func fromWire(in *unstructured.Unstructured, kind fabric.Kind) fabric.Object {
	fields := maps.Clone(in.Object)
	for _, key := range []string{"apiVersion", "kind", "metadata", "status"} {
		delete(fields, key)
	}
	out := fabric.Object{
		Ref:             fabric.Ref{Kind: kind, Namespace: in.GetNamespace(), Name: in.GetName()},
		Labels:          in.GetLabels(),
		Annotations:     in.GetAnnotations(),
		Fields:          fields,
		UID:             string(in.GetUID()),
		ResourceVersion: in.GetResourceVersion(),
		Deleting:        in.GetDeletionTimestamp() != nil,
	}
	if out.Deleting {
		out.Blockers = append(in.GetFinalizers(), remaining(in, kind)...)
	}
	return out
}

// remaining returns what the namespace controller says still has to go.
func remaining(in *unstructured.Unstructured, kind fabric.Kind) []string {
	if kind != fabric.KindNamespace {
		return nil
	}
	var ns corev1.Namespace
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(in.Object, &ns); err != nil {
		return []string{fmt.Sprintf("conditions not readable: %v", err)}
	}
	var out []string
	for _, condition := range ns.Status.Conditions {
		if condition.Status == corev1.ConditionTrue {
			out = append(out, condition.Message)
		}
	}
	return out
}
