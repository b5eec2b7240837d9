package fabric_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/fabrictest"
	"github.com/hexplane/hexplane/fabric/memcluster"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// machine drives a daemon at random and knows what must come of it.
type machine struct {
	cluster *memcluster.Cluster
	reports *fabrictest.Recorder
	cb      eventbus.Callback
	stop    func()

	sent     []*eventbus.Message
	projects map[string]*modelProject
	held     map[fabric.Ref]bool
}

// modelProject is what management wants of one project.
type modelProject struct {
	demeterevent.Project

	told    bool
	present bool
	counter int64
	ports   map[string]*modelPort
}

type modelPort struct {
	demeterevent.Port

	present bool
}

func (m *machine) live(t *rapid.T) {
	outside := mortal{m.cluster, newLife(0, false), m.reports, &sync.Map{}}
	m.cb, m.stop = live(t, outside)
}

func (m *machine) send(t *rapid.T, eventType string, payload any) {
	msg := event(t, eventType, payload)
	m.sent = append(m.sent, msg)
	require.True(t, deliver(t, m.cb, newLife(0, false), []*eventbus.Message{msg}))
}

func (m *machine) project(t *rapid.T) *modelProject {
	name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "project")
	p, ok := m.projects[name]
	if !ok {
		p = &modelProject{Project: aProject(name), ports: map[string]*modelPort{}}
		m.projects[name] = p
	}
	return p
}

// apply asks for the project, anew or changed.
func (m *machine) apply(t *rapid.T) {
	p := m.project(t)
	p.counter++
	p.Generation, p.Name = p.counter, "n"+strconv.FormatInt(p.counter, 10)
	before := p.present
	p.told, p.present = true, true
	m.send(t, demeterevent.ProjectUpdated, p.Project)
	if before {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(p.ports)) { // as management does for clusters that join
		if port := p.ports[id]; port.present {
			m.send(t, demeterevent.PortCreated, port.Port)
		}
	}
}

// remove deletes the project, or places it elsewhere.
func (m *machine) remove(t *rapid.T) {
	p := m.project(t)
	if !p.told {
		t.Skip("never told of")
	}
	p.counter++
	p.Generation, p.present = p.counter, false
	if rapid.Bool().Draw(t, "deleted") {
		m.send(t, demeterevent.ProjectDeleted, p.Project)
		return
	}
	elsewhere := p.Project
	elsewhere.Clusters = []string{"oslo"}
	m.send(t, demeterevent.ProjectUpdated, elsewhere)
}

func (m *machine) port(t *rapid.T) {
	p := m.project(t)
	if !p.present {
		t.Skip("no project to put a port in")
	}
	id := rapid.SampledFrom([]string{"web", "api"}).Draw(t, "port") + "-" + p.Namespace
	p.counter++
	port := &modelPort{Port: aPort(p.Project, id, "{}", p.counter), present: rapid.Bool().Draw(t, "present")}
	port.Spec = fmt.Appendf(nil, `{"port": %d}`, p.counter)
	p.ports[id] = port
	eventType := demeterevent.PortUpdated
	if !port.present {
		eventType = demeterevent.PortDeleted
	}
	m.send(t, eventType, port.Port)
}

// again delivers some of the past again, in order.
func (m *machine) again(t *rapid.T) {
	from := rapid.IntRange(0, len(m.sent)).Draw(t, "from")
	require.True(t, deliver(t, m.cb, newLife(0, false), m.sent[from:]))
}

func (m *machine) restart(t *rapid.T) {
	m.stop()
	m.live(t)
}

// meddle changes or deletes something by hand. What it meets may be gone.
func (m *machine) meddle(t *rapid.T) {
	p := m.project(t)
	ns := fabric.Ref{Kind: fabric.KindNamespace, Name: p.Namespace}
	quota := fabric.Ref{Kind: fabric.KindResourceQuota, Namespace: p.Namespace, Name: "demeter-baseline"}
	switch rapid.SampledFrom([]string{"label", "quota", "drop quota", "drop namespace", "strip"}).Draw(t, "what") {
	case "label":
		_ = m.cluster.Edit(ns, func(o *fabric.Object) { o.Labels["pod-security.kubernetes.io/enforce"] = "privileged" })
	case "quota":
		_ = m.cluster.Edit(quota, func(o *fabric.Object) {
			o.Fields["spec"].(map[string]any)["hard"].(map[string]any)["pods"] = "9"
		})
	case "strip":
		_ = m.cluster.Edit(quota, func(o *fabric.Object) { clear(o.Labels) })
	case "drop quota":
		_ = m.cluster.Delete(t.Context(), quota, "")
	case "drop namespace":
		_ = m.cluster.Delete(t.Context(), ns, "")
	}
}

const holder = "example.test/hold"

// hold keeps a namespace from going, or lets it go.
func (m *machine) hold(t *rapid.T) {
	ns := fabric.Ref{Kind: fabric.KindNamespace, Name: m.project(t).Namespace}
	if m.held[ns] {
		_ = m.cluster.Release(ns, holder)
	} else if m.cluster.Hold(ns, holder) != nil {
		return
	}
	m.held[ns] = !m.held[ns]
}

// settle lets everything go that is held, and waits until the cluster is as
// management wants it and the reports say so.
func (m *machine) settle(t *rapid.T) {
	for ns, held := range m.held {
		if held {
			_ = m.cluster.Release(ns, holder)
			delete(m.held, ns)
		}
	}
	var wrong string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if wrong = m.wrong(t); wrong == "" {
			return
		}
		<-time.After(time.Millisecond)
	}
	require.Empty(t, wrong)
}

func (m *machine) wrong(t *rapid.T) string {
	for _, p := range m.projects {
		ns, err := m.cluster.Get(t.Context(), fabric.Ref{Kind: fabric.KindNamespace, Name: p.Namespace})
		exists := err == nil && !ns.Deleting
		state := lastOf(m.reports.Namespaces(p.ProjectID))
		switch {
		case !p.told:
			if err == nil {
				return p.Namespace + " exists, nobody asked for it"
			}
		case !p.present:
			if err == nil || state.Phase != demeterevent.PhaseGone || state.ObservedGeneration != p.Generation {
				return fmt.Sprintf("%s should be gone at %d: %v, %+v", p.Namespace, p.Generation, err, state)
			}
		case !exists || ns.Annotations["demeter.run/project-name"] != p.Name ||
			ns.Labels["pod-security.kubernetes.io/enforce"] != "baseline" ||
			state.Phase != demeterevent.PhaseReady || state.ObservedGeneration != p.Generation:
			return fmt.Sprintf("%s should be ready at %d: %+v, %+v", p.Namespace, p.Generation, ns, state)
		default:
			if inside := m.wrongInside(t, p); inside != "" {
				return inside
			}
		}
	}
	return ""
}

func (m *machine) wrongInside(t *rapid.T, p *modelProject) string {
	quota, err := m.cluster.Get(t.Context(), fabric.Ref{
		Kind: fabric.KindResourceQuota, Namespace: p.Namespace, Name: "demeter-baseline",
	})
	if err != nil || !quota.ManagedByFabric() || quota.Fields["spec"].(map[string]any)["hard"].(map[string]any)["pods"] != "50" {
		return fmt.Sprintf("quota of %s: %v %+v", p.Namespace, err, quota)
	}
	for id, port := range p.ports {
		obj, err := m.cluster.Get(t.Context(), fabric.Ref{Kind: fabric.PortKind("http"), Namespace: p.Namespace, Name: id})
		state := lastOf(m.reports.Ports(id))
		want := demeterevent.PhaseReady
		present := port.present && p.present
		if !present {
			want = demeterevent.PhaseGone
		}
		if (err == nil) != present || state.Phase != want || state.ObservedGeneration != port.Generation {
			return fmt.Sprintf("port %s should be %s at %d: %v, %+v", id, want, port.Generation, err, state)
		}
		if present && fmt.Sprint(obj.Fields["spec"]) != fmt.Sprintf("map[port:%d]", port.Generation) {
			return fmt.Sprintf("port %s: %+v", id, obj.Fields)
		}
	}
	return ""
}

// TestAnyHistoryEndsAsManagementWants lets events, repeats, restarts and people
// who meddle with the cluster come in any order.
func TestAnyHistoryEndsAsManagementWants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{
			cluster: memcluster.New(memcluster.Config{PortKinds: []string{"http"}, Termination: time.Microsecond}),
			reports: &fabrictest.Recorder{}, projects: map[string]*modelProject{}, held: map[fabric.Ref]bool{},
		}
		require.NoError(t, m.cluster.Add(fabric.Object{Ref: fabric.Ref{Kind: fabric.KindNamespace, Name: "kube-system"}}))
		m.live(t)
		defer func() { m.stop() }()
		t.Repeat(map[string]func(*rapid.T){
			"apply": m.apply, "apply another": m.apply, "remove": m.remove, "port": m.port, "again": m.again,
			"restart": m.restart, "meddle": m.meddle, "hold": m.hold, "settle": m.settle,
		})
		m.settle(t)
		require.True(t, slices.Contains(m.cluster.Namespaces(), "kube-system"))
	})
}
