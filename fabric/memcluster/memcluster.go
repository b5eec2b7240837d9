// Package memcluster is a cluster in memory that behaves, as far as the fabric
// looks at it, like a Kubernetes API server: it gives uids and resource versions,
// checks names and labels, refuses unknown kinds, keeps namespaces Terminating
// while something holds them, applies fields by owner, honors preconditions and
// tells watches of every change. It passes the suite of fabrictest.
//
// It serves programs that run without a cluster, and tests, which can also edit
// objects as somebody else, hold them with finalizers, and intercept calls to
// fail them. It holds no quota and runs no workload. All methods are safe for
// concurrent use; what goes in and comes out is copied.
//
//	c := memcluster.New(memcluster.Config{PortKinds: []string{"http"}})
//	daemon, err := fabric.New(c, publisher, fabric.Config{ClusterID: "local"})
package memcluster

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hexplane/hexplane/fabric"
)

// Config configures a Cluster. Every zero value means its default.
type Config struct {
	// PortKinds are the port kinds served. Default: none.
	PortKinds []string
	// Termination is how long a namespace stays Terminating when nothing holds
	// it. Default: 5 ms.
	Termination time.Duration
	// Intercept is called before each call; an error it returns is the call's
	// result, and nothing happens. Default: nothing.
	Intercept func(Call) error
}

// Call is one call of the port, as Config.Intercept sees it.
type Call struct {
	Verb string // get, create, apply, delete, list, watch, kinds
	Ref  fabric.Ref
}

// Write tells whether the call changes something.
func (c Call) Write() bool { return slices.Contains([]string{"create", "apply", "delete"}, c.Verb) }

// Cluster implements fabric.Cluster.
type Cluster struct {
	cfg Config

	mu       sync.Mutex
	kinds    map[fabric.Kind]bool
	objects  map[fabric.Ref]*stored
	inside   map[string]map[fabric.Ref]*stored // the same, by namespace
	version  int64
	watchers map[*watcher]struct{}
}

var _ fabric.Cluster = (*Cluster)(nil)

// New returns a cluster without any namespace.
func New(cfg Config) *Cluster {
	if cfg.Termination == 0 {
		cfg.Termination = 5 * time.Millisecond
	}
	if cfg.Intercept == nil {
		cfg.Intercept = func(Call) error { return nil }
	}
	c := &Cluster{
		cfg: cfg, kinds: map[fabric.Kind]bool{},
		objects: map[fabric.Ref]*stored{}, inside: map[string]map[fabric.Ref]*stored{},
		watchers: map[*watcher]struct{}{},
	}
	for _, kind := range []fabric.Kind{
		fabric.KindNamespace, fabric.KindConfigMap, fabric.KindResourceQuota,
		fabric.KindLimitRange, fabric.KindNetworkPolicy, fabric.KindRoleBinding,
	} {
		c.kinds[kind] = true
	}
	for _, name := range cfg.PortKinds {
		c.kinds[fabric.PortKind(name)] = true
	}
	return c
}

// Get implements fabric.Cluster.
func (c *Cluster) Get(ctx context.Context, ref fabric.Ref) (fabric.Object, error) {
	unlock, err := c.enter(ctx, "get", ref)
	if err != nil {
		return fabric.Object{}, err
	}
	defer unlock()
	s, ok := c.objects[ref]
	if !ok {
		return fabric.Object{}, fmt.Errorf("%w: %s", fabric.ErrNotFound, ref)
	}
	return c.view(s), nil
}

// Create implements fabric.Cluster.
func (c *Cluster) Create(ctx context.Context, obj fabric.Object) (fabric.Object, error) {
	unlock, err := c.enter(ctx, "create", obj.Ref)
	if err != nil {
		return fabric.Object{}, err
	}
	defer unlock()
	if _, ok := c.objects[obj.Ref]; ok {
		return fabric.Object{}, fmt.Errorf("%w: %s", fabric.ErrExists, obj.Ref)
	}
	return c.insert(obj)
}

// Apply implements fabric.Cluster.
func (c *Cluster) Apply(ctx context.Context, obj fabric.Object) (fabric.Object, error) {
	unlock, err := c.enter(ctx, "apply", obj.Ref)
	if err != nil {
		return fabric.Object{}, err
	}
	defer unlock()
	s, ok := c.objects[obj.Ref]
	switch {
	case !ok && (obj.UID != "" || obj.ResourceVersion != ""):
		return fabric.Object{}, fmt.Errorf("%w: %s does not exist", fabric.ErrConflict, obj.Ref)
	case !ok:
		return c.insert(obj)
	case obj.UID != "" && obj.UID != s.obj.UID,
		obj.ResourceVersion != "" && obj.ResourceVersion != s.obj.ResourceVersion:
		return fabric.Object{}, fmt.Errorf("%w: %s has changed", fabric.ErrConflict, obj.Ref)
	}
	if err := validate(obj); err != nil {
		return fabric.Object{}, err
	}
	merged, err := s.merge(obj)
	if err != nil {
		return fabric.Object{}, err
	}
	c.update(s, merged)
	return c.view(s), nil
}

// Delete implements fabric.Cluster.
func (c *Cluster) Delete(ctx context.Context, ref fabric.Ref, uid string) error {
	unlock, err := c.enter(ctx, "delete", ref)
	if err != nil {
		return err
	}
	defer unlock()
	s, ok := c.objects[ref]
	switch {
	case !ok:
		return fmt.Errorf("%w: %s", fabric.ErrNotFound, ref)
	case uid != "" && uid != s.obj.UID:
		return fmt.Errorf("%w: %s is another object", fabric.ErrConflict, ref)
	}
	c.terminate(s)
	return nil
}

// List implements fabric.Cluster.
func (c *Cluster) List(ctx context.Context, kind fabric.Kind, namespace string) iter.Seq2[fabric.Object, error] {
	return func(yield func(fabric.Object, error) bool) {
		unlock, err := c.enter(ctx, "list", fabric.Ref{Kind: kind, Namespace: namespace})
		if err != nil {
			yield(fabric.Object{}, err)
			return
		}
		found := c.labeled(kind, namespace)
		unlock()
		for _, obj := range found {
			if !yield(obj, nil) {
				return
			}
		}
	}
}

// Kinds implements fabric.Cluster.
func (c *Cluster) Kinds(ctx context.Context, apiVersion string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.cfg.Intercept(Call{Verb: "kinds"}); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for kind := range c.kinds {
		if kind.APIVersion == apiVersion {
			out = append(out, strings.ToLower(kind.Name))
		}
	}
	slices.Sort(out)
	return out, nil
}

// enter begins a call: the caller's context, the interceptor, the kind.
func (c *Cluster) enter(ctx context.Context, verb string, ref fabric.Ref) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.cfg.Intercept(Call{Verb: verb, Ref: ref}); err != nil {
		return nil, err
	}
	c.mu.Lock()
	if !c.kinds[ref.Kind] {
		c.mu.Unlock()
		return nil, fmt.Errorf("%w: %s %s", fabric.ErrNoKind, ref.Kind.APIVersion, ref.Kind.Name)
	}
	return c.mu.Unlock, nil
}
