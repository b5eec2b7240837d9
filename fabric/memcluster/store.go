package memcluster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/hexplane/hexplane/fabric"
)

// stored is an object with what a cluster keeps beside it.
type stored struct {
	obj        fabric.Object
	applied    owned    // what the fabric applied last
	others     pathSet  // fields that somebody else has set since
	finalizers []string // what holds its removal
}

// insert stores a new object.
func (c *Cluster) insert(obj fabric.Object) (fabric.Object, error) {
	if err := validate(obj); err != nil {
		return fabric.Object{}, err
	}
	if obj.Kind != fabric.KindNamespace {
		ns, ok := c.objects[namespaceRef(obj.Namespace)]
		switch {
		case !ok:
			return fabric.Object{}, fmt.Errorf("%w: namespace %s", fabric.ErrNotFound, obj.Namespace)
		case ns.obj.Deleting:
			return fabric.Object{}, fmt.Errorf("%w: %s", fabric.ErrTerminating, obj.Namespace)
		}
	}
	s := &stored{obj: prune(obj), applied: ownedBy(obj), others: pathSet{}}
	if obj.Kind == fabric.KindNamespace {
		s.obj.Fields = map[string]any{"spec": map[string]any{"finalizers": []any{"kubernetes"}}}
	}
	s.obj.UID, s.obj.ResourceVersion = uuid.NewString(), c.next()
	c.put(s)
	c.tell(fabric.Object{}, s.obj, false)
	return c.view(s), nil
}

// put and drop keep objects and inside alike.
func (c *Cluster) put(s *stored) {
	ref := s.obj.Ref
	c.objects[ref] = s
	if ref.Namespace == "" {
		return
	}
	if c.inside[ref.Namespace] == nil {
		c.inside[ref.Namespace] = map[fabric.Ref]*stored{}
	}
	c.inside[ref.Namespace][ref] = s
}

func (c *Cluster) drop(ref fabric.Ref) {
	delete(c.objects, ref)
	delete(c.inside[ref.Namespace], ref)
	if len(c.inside[ref.Namespace]) == 0 {
		delete(c.inside, ref.Namespace)
	}
}

// update stores an object's new state, unless it is the old one.
func (c *Cluster) update(s *stored, obj fabric.Object) {
	if same(s.obj, obj) {
		return
	}
	before := s.obj
	obj.ResourceVersion = c.next()
	s.obj = obj
	c.tell(before, obj, false)
}

func (c *Cluster) next() string {
	c.version++
	return strconv.FormatInt(c.version, 10)
}

// view returns a copy of the object with what holds its removal.
func (c *Cluster) view(s *stored) fabric.Object {
	out := s.obj.Clone()
	if out.Deleting {
		out.Blockers = c.blockers(s)
	}
	return out
}

// labeled returns the fabric's own objects of a kind, by name: those of all
// namespaces if none is named.
func (c *Cluster) labeled(kind fabric.Kind, namespace string) []fabric.Object {
	among := c.objects
	if namespace != "" {
		among = c.inside[namespace]
	}
	var out []fabric.Object
	for ref, s := range among {
		if ref.Kind == kind && s.obj.ManagedByFabric() {
			out = append(out, c.view(s))
		}
	}
	slices.SortFunc(out, func(a, b fabric.Object) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return out
}

func namespaceRef(name string) fabric.Ref {
	return fabric.Ref{Kind: fabric.KindNamespace, Name: name}
}
