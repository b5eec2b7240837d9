// Package fabrictest proves implementations of fabric.Cluster: [RunCluster] holds
// an adapter to what the port promises, [RunDaemon] runs the daemon's use cases
// on it. Both need only an [Env]; every test uses names of its own, so that they
// can share one cluster.
//
//	func TestCluster(t *testing.T) {
//		fabrictest.RunCluster(t, func(t *testing.T) fabrictest.Env {
//			c := memcluster.New(memcluster.Config{PortKinds: []string{"http"}})
//			return fabrictest.Env{Cluster: c, Outsider: c, PortKind: "http"}
//		})
//	}
package fabrictest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// Env is the cluster under test, and who else acts in it.
type Env struct {
	Cluster fabric.Cluster
	// Outsider changes the cluster as somebody else than the fabric.
	Outsider Outsider
	// PortKind is a port kind that the cluster serves, whose spec takes an
	// integer port, a string path and a list hosts.
	PortKind string
	// Patience is how long an effect may take. Default: 10 s.
	Patience time.Duration
}

// Outsider acts in a cluster as neither the fabric nor the cluster itself.
type Outsider interface {
	Add(obj fabric.Object) error
	Edit(ref fabric.Ref, change func(*fabric.Object)) error
	Hold(ref fabric.Ref, finalizer string) error
	Release(ref fabric.Ref, finalizer string) error
}

func (e Env) eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	patience := e.Patience
	if patience == 0 {
		patience = 10 * time.Second
	}
	require.Eventually(t, condition, patience, 5*time.Millisecond, what)
}

// get returns an object, or false when there is none.
func (e Env) get(t *testing.T, ref fabric.Ref) (fabric.Object, bool) {
	t.Helper()
	obj, err := e.Cluster.Get(t.Context(), ref)
	if err != nil {
		require.ErrorIs(t, err, fabric.ErrNotFound)
		return fabric.Object{}, false
	}
	return obj, true
}

// unique returns a name that no other test uses.
func unique(prefix string) string {
	return prefix + "-" + strings.ToLower(rand.Text()[:8])
}

// labels mark an object as the fabric's.
func labels() map[string]string {
	return map[string]string{demeterevent.LabelManagedBy: demeterevent.ManagedByFabric}
}

func namespaceObject(name string) fabric.Object {
	return fabric.Object{Ref: fabric.Ref{Kind: fabric.KindNamespace, Name: name}, Labels: labels()}
}

// Recorder is an eventbus.Publisher that keeps what it is given.
type Recorder struct {
	mu   sync.Mutex
	msgs []*eventbus.Message
	fail error
}

// Publish implements eventbus.Publisher.
func (r *Recorder) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	r.msgs = append(r.msgs, msgs...)
	return nil
}

// Fail makes every Publish fail with the error, until it is given nil.
func (r *Recorder) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

// Namespaces returns the states reported of a project, in order.
func (r *Recorder) Namespaces(projectID string) []demeterevent.NamespaceState {
	return collect(r, demeterevent.NamespaceStateChanged, func(s demeterevent.NamespaceState) bool {
		return s.ProjectID == projectID
	})
}

// Ports returns the states reported of a port, in order.
func (r *Recorder) Ports(portID string) []demeterevent.PortState {
	return collect(r, demeterevent.PortStateChanged, func(s demeterevent.PortState) bool {
		return s.PortID == portID
	})
}

// Heartbeats returns the heartbeats sent, in order.
func (r *Recorder) Heartbeats() []demeterevent.Heartbeat {
	return collect(r, demeterevent.ClusterHeartbeat, func(demeterevent.Heartbeat) bool { return true })
}

func collect[T any](r *Recorder, eventType string, keep func(T) bool) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []T
	for _, msg := range r.msgs {
		var v T
		if msg.EventType == eventType && json.Unmarshal(msg.Payload, &v) == nil && keep(v) {
			out = append(out, v)
		}
	}
	return out
}

// last returns the last element, or the zero value.
func last[T any](all []T) T {
	var zero T
	if len(all) == 0 {
		return zero
	}
	return all[len(all)-1]
}
