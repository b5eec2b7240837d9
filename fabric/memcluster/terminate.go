package memcluster

import (
	"fmt"
	"slices"
	"time"

	"github.com/hexplane/hexplane/fabric"
)

// terminate begins an object's removal. An object that nothing holds is removed
// at once; a namespace after the configured time, with everything in it.
func (c *Cluster) terminate(s *stored) {
	switch {
	case s.obj.Deleting:
		return
	case s.obj.Kind == fabric.KindNamespace, len(s.finalizers) > 0:
		c.mark(s)
	default:
		c.remove(s)
		return
	}
	if s.obj.Kind == fabric.KindNamespace {
		uid := s.obj.UID
		time.AfterFunc(c.cfg.Termination, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if s := c.objects[s.obj.Ref]; s != nil && s.obj.UID == uid {
				c.empty(s)
			}
		})
	}
}

func (c *Cluster) mark(s *stored) {
	marked := s.obj.Clone()
	marked.Deleting = true
	c.update(s, marked)
}

// empty deletes what a terminating namespace holds and, once that and its own
// finalizers are gone, the namespace.
func (c *Cluster) empty(ns *stored) {
	held := false
	for ref, s := range c.inside[ns.obj.Name] {
		c.terminate(s)
		_, still := c.objects[ref]
		held = held || still
	}
	if !held && len(ns.finalizers) == 0 {
		c.remove(ns)
		return
	}
	before := ns.obj.Clone() // its conditions have changed
	ns.obj.ResourceVersion = c.next()
	c.tell(before, ns.obj, false)
}

func (c *Cluster) remove(s *stored) {
	c.drop(s.obj.Ref)
	c.version++
	c.tell(s.obj, s.obj, true)
}

// blockers says what holds an object's removal.
func (c *Cluster) blockers(s *stored) []string {
	out := slices.Clone(s.finalizers)
	if s.obj.Kind != fabric.KindNamespace {
		return out
	}
	counts := map[string]int{}
	for _, inside := range c.inside[s.obj.Name] {
		for _, name := range inside.finalizers {
			counts[name]++
		}
	}
	for name, n := range counts {
		out = append(out, fmt.Sprintf("%s in %d resource instances", name, n))
	}
	slices.Sort(out)
	return out
}

// Hold adds a finalizer to an object, as a controller would: its removal then
// waits for Release. It returns fabric.ErrNotFound when there is no such object.
func (c *Cluster) Hold(ref fabric.Ref, finalizer string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.objects[ref]
	if !ok {
		return fmt.Errorf("%w: %s", fabric.ErrNotFound, ref)
	}
	s.finalizers = append(s.finalizers, finalizer)
	return nil
}

// Release takes a finalizer off an object, which completes a removal that waited
// for it. It returns fabric.ErrNotFound when there is no such object.
func (c *Cluster) Release(ref fabric.Ref, finalizer string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.objects[ref]
	if !ok {
		return fmt.Errorf("%w: %s", fabric.ErrNotFound, ref)
	}
	s.finalizers = slices.DeleteFunc(s.finalizers, func(f string) bool { return f == finalizer })
	if !s.obj.Deleting || len(s.finalizers) > 0 {
		return nil
	}
	if ref.Kind != fabric.KindNamespace {
		c.remove(s)
	}
	if ns, ok := c.objects[namespaceRef(s.obj.Namespace)]; ok && ns.obj.Deleting {
		c.empty(ns)
	}
	if ref.Kind == fabric.KindNamespace {
		c.empty(s)
	}
	return nil
}
