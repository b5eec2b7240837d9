package memcluster

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hexplane/hexplane/fabric"
)

// Edit changes an object as somebody else than the fabric: the fields that the
// function changes are then theirs, until the fabric applies them. It returns
// fabric.ErrNotFound when there is no such object, and what a cluster would
// refuse.
func (c *Cluster) Edit(ref fabric.Ref, change func(*fabric.Object)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.objects[ref]
	if !ok {
		return fmt.Errorf("%w: %s", fabric.ErrNotFound, ref)
	}
	edited := s.obj.Clone()
	change(&edited)
	if err := validate(edited); err != nil {
		return err
	}
	edited = prune(edited)
	before, after := flat(s.obj), flat(edited)
	for path, value := range after {
		if was, ok := before[path]; !ok || was != value {
			s.others[path] = struct{}{}
			delete(s.applied, path)
		}
	}
	c.update(s, edited)
	return nil
}

// Add stores an object as somebody else than the fabric would.
func (c *Cluster) Add(obj fabric.Object) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.objects[obj.Ref]; ok {
		return fmt.Errorf("%w: %s", fabric.ErrExists, obj.Ref)
	}
	if _, err := c.insert(obj); err != nil {
		return err
	}
	s := c.objects[obj.Ref]
	s.others, s.applied = s.applied, owned{}
	return nil
}

// Serve begins or ends serving a port kind.
func (c *Cluster) Serve(portKind string, served bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds[fabric.PortKind(portKind)] = served
	if !served {
		delete(c.kinds, fabric.PortKind(portKind))
	}
}

// Namespaces returns the names of all namespaces, sorted.
func (c *Cluster) Namespaces() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for ref := range c.objects {
		if ref.Kind == fabric.KindNamespace {
			out = append(out, ref.Name)
		}
	}
	slices.SortFunc(out, strings.Compare)
	return out
}

// flat returns an object's leaves, each printed.
func flat(obj fabric.Object) map[string]string {
	out := map[string]string{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		m, ok := value.(map[string]any)
		if !ok {
			out[path] = fmt.Sprint(value)
			return
		}
		for key, value := range m {
			walk(path+separator+key, value)
		}
	}
	for key, value := range document(obj) {
		walk(key, value)
	}
	return out
}
