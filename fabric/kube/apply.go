package kube

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// applyAll applies by force. Fields that our own Create set count as set by
// another operation than Apply, so that leaving them out would not remove them;
// where that is so, they are handed over to Apply first.
func applyAll(ctx context.Context, to dynamic.ResourceInterface, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	opts := metav1.ApplyOptions{FieldManager: manager, Force: true}
	live, err := to.Apply(ctx, obj.GetName(), obj, opts)
	if err != nil {
		return nil, err
	}
	left, err := leftovers(live)
	if err != nil || !left {
		return live, err
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(manager), manager)
	if err != nil || patch == nil {
		return live, err
	}
	live, err = to.Patch(ctx, obj.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		return nil, err
	}
	if obj.GetResourceVersion() != "" {
		obj.SetResourceVersion(live.GetResourceVersion())
	}
	return to.Apply(ctx, obj.GetName(), obj, opts)
}

// leftovers tells whether our Create set fields that our Apply does not give.
func leftovers(live *unstructured.Unstructured) (bool, error) {
	var created, applied []metav1.ManagedFieldsEntry
	for _, entry := range live.GetManagedFields() {
		switch {
		case entry.Manager != manager || entry.Subresource != "" || entry.FieldsV1 == nil:
		case entry.Operation == metav1.ManagedFieldsOperationApply:
			applied = append(applied, entry)
		default:
			created = append(created, entry)
		}
	}
	if len(created) == 0 {
		return false, nil
	}
	set, err := union(created)
	if err != nil {
		return false, err
	}
	given, err := union(applied)
	if err != nil {
		return false, err
	}
	return !set.Leaves().Difference(given).Empty(), nil
}

func union(entries []metav1.ManagedFieldsEntry) (*fieldpath.Set, error) {
	all := &fieldpath.Set{}
	for _, entry := range entries {
		fields := &fieldpath.Set{}
		if err := fields.FromJSON(entry.FieldsV1.GetRawReader()); err != nil {
			return nil, fmt.Errorf("managed fields: %w", err)
		}
		all = all.Union(fields)
	}
	return all, nil
}
