package fabric

import (
	"context"
	"errors"
	"iter"
)

// The errors by which a [Cluster] tells what went wrong; adapters wrap them with
// the cluster's own words. An error that matches none of them is treated as
// [ErrUnavailable]: tried again, never given up.
var (
	// ErrNotFound: no such object, or the namespace it belongs in is absent.
	ErrNotFound = errors.New("not found")
	// ErrExists: Create met an object of that name.
	ErrExists = errors.New("already exists")
	// ErrConflict: a precondition (UID, resource version) does not hold.
	ErrConflict = errors.New("conflict")
	// ErrTerminating: the object's namespace is being deleted.
	ErrTerminating = errors.New("namespace is terminating")
	// ErrInvalid: the cluster will never accept this object.
	ErrInvalid = errors.New("invalid")
	// ErrForbidden: the cluster does not let this identity do that, or a
	// quota or admission rule is against it.
	ErrForbidden = errors.New("forbidden")
	// ErrNoKind: the cluster does not serve the object's kind.
	ErrNoKind = errors.New("kind not served")
	// ErrUnavailable: the cluster cannot be reached or cannot answer now.
	ErrUnavailable = errors.New("cluster unavailable")
)

// Cluster is the driven port: the handful of verbs that the domain needs of a
// Kubernetes cluster. Implementations are safe for concurrent use and hold no
// decision of the domain's; the suite in fabrictest proves them.
type Cluster interface {
	// Get returns the object as it is now. Errors: ErrNotFound, ErrNoKind.
	Get(ctx context.Context, ref Ref) (Object, error)
	// Create makes a new object and never touches an existing one. Errors:
	// ErrExists, ErrInvalid, ErrForbidden, ErrNotFound, ErrTerminating, ErrNoKind.
	Create(ctx context.Context, obj Object) (Object, error)
	// Apply makes the object's fields be as given, by forced server-side apply
	// under the fabric's name: absent objects are created, fields applied
	// earlier and now left out are removed, fields of others stay. A write
	// that changes nothing leaves the resource version as it was. UID and
	// ResourceVersion, when set, are preconditions. Errors: as Create, with
	// ErrConflict in place of ErrExists.
	Apply(ctx context.Context, obj Object) (Object, error)
	// Delete asks for the object's removal, which may take its time. The
	// object must have the given UID. Errors: ErrNotFound, ErrConflict,
	// ErrForbidden, ErrNoKind.
	Delete(ctx context.Context, ref Ref, uid string) error
	// List yields the fabric's own objects (those it labelled) of a kind, in
	// every namespace or in one. It stops at the first error.
	List(ctx context.Context, kind Kind, namespace string) iter.Seq2[Object, error]
	// Watch tells of the fabric's own objects of a kind until the context
	// ends: first each that exists, then one Change with Synced set, then each
	// change, in order per object, at least once. It calls notify from one
	// goroutine at a time. Errors: ErrNoKind, or what broke the watch.
	Watch(ctx context.Context, kind Kind, notify func(Change)) error
	// Kinds returns the names, in lower case, of the kinds that the cluster
	// serves in an API group and version.
	Kinds(ctx context.Context, apiVersion string) ([]string, error)
}

// Change is what a watch tells.
type Change struct {
	// Object is the object's latest state; its last one when Gone.
	Object Object
	// Gone tells that the object no longer exists, or no longer carries the
	// fabric's label.
	Gone bool
	// Synced tells that everything that existed has been told. Such a change
	// has no object.
	Synced bool
}
