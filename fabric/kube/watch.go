package kube

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/hexplane/hexplane/fabric"
)

// errEnded says that a watch ended without an error of its own: the server
// closed it and its place in history is no longer known.
var errEnded = errors.New("the watch ended")

// Watch implements fabric.Cluster. It lists, then watches from there, going over
// closed connections, until the server has forgotten the place.
func (c *Cluster) Watch(ctx context.Context, kind fabric.Kind, notify func(fabric.Change)) error {
	at, err := c.at(ctx, kind, "")
	if err != nil {
		return err
	}
	source := cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
			opts.LabelSelector = selector
			return at.resource.List(ctx, opts)
		},
		WatchFuncWithContext: func(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
			opts.LabelSelector = selector
			return at.resource.Watch(ctx, opts)
		},
	}, c.client)
	logger := logr.FromSlogHandler(c.cfg.Logger.Handler())
	reflector := cache.NewReflectorWithOptions(source, &unstructured.Unstructured{},
		teller{kind, notify}, cache.ReflectorOptions{Name: "fabric/" + kind.Name, Logger: &logger})
	err = reflector.ListAndWatchWithContext(ctx)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("watch %s: %w", kind.Name, context.Cause(ctx))
	case err == nil:
		err = errEnded
	}
	return c.translate(err, fabric.Ref{Kind: kind, Name: "watch"})
}

var _ cache.TransformingStore = teller{}

// teller is what the reflector keeps its objects in: it keeps none, and tells.
type teller struct {
	kind   fabric.Kind
	notify func(fabric.Change)
}

func (t teller) tell(obj any, gone bool) error {
	object, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return fmt.Errorf("watch %s: told of a %T", t.kind.Name, obj)
	}
	t.notify(fabric.Change{Object: fromWire(object, t.kind), Gone: gone})
	return nil
}

// Add tells of a new object.
func (t teller) Add(obj any) error { return t.tell(obj, false) }

// Update tells of a changed object.
func (t teller) Update(obj any) error { return t.tell(obj, false) }

// Delete tells of an object that has gone.
func (t teller) Delete(obj any) error { return t.tell(obj, true) }

// Replace tells of everything that exists.
func (t teller) Replace(all []any, _ string) error {
	for _, obj := range all {
		if err := t.tell(obj, false); err != nil {
			return err
		}
	}
	t.notify(fabric.Change{Synced: true})
	return nil
}

// Transformer drops what the domain does not look at and what makes half of an
// object, because the reflector holds all of a kind at once while it lists.
func (t teller) Transformer() cache.TransformFunc {
	return func(obj any) (any, error) {
		if object, ok := obj.(*unstructured.Unstructured); ok {
			object.SetManagedFields(nil)
		}
		return obj, nil
	}
}

// Resync has nothing to tell again.
func (t teller) Resync() error { return nil }
