package fabric

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// record is what this cluster was told to hold of one project, and how far that
// has got. It outlives the namespace: it is what a namespace deleted by hand is
// recreated from, and what tells an old event from a new one after a removal. A
// record that others can see is never changed; edits make a new one.
type record struct {
	standing

	Project Project               `json:"project"`
	Ports   map[string]portRecord `json:"ports,omitempty"`
}

// portRecord is the same of one port.
type portRecord struct {
	standing

	Port Port `json:"port"`
}

// standing is how far a resource has got.
type standing struct {
	// Removed tells that the resource must not exist here.
	Removed bool `json:"removed,omitempty"`
	// GoneAt is when its absence was confirmed and reported.
	GoneAt time.Time `json:"gone_at,omitzero"`
	// Told is what was reported last when that was neither ready nor gone, so
	// that a restart takes up what is not settled and nothing else.
	Told status `json:"told,omitzero"`
}

func (s standing) gone() bool { return s.Removed && !s.GoneAt.IsZero() }

// settled tells whether nothing is left to do for the resource unless it drifts.
func (s standing) settled() bool { return s.Told == (status{}) && (!s.Removed || s.gone()) }

// status is what is reported of a resource.
type status struct {
	Phase  demeterevent.Phase `json:"phase,omitempty"`
	Reason string             `json:"reason,omitempty"`
}

func reasoned(phase demeterevent.Phase, code demeterevent.Code, text string) status {
	return status{Phase: phase, Reason: demeterevent.Reason(code, text)}
}

// final tells whether the status needs no further attention.
func (s status) final() bool {
	return s.Phase == demeterevent.PhaseReady || s.Phase == demeterevent.PhaseGone
}

// tell returns the standing after the status has been reported.
func (s standing) tell(st status, now time.Time) standing {
	s.Told = status{}
	if !st.final() {
		s.Told = st
	}
	if s.Removed && st.Phase == demeterevent.PhaseGone && s.GoneAt.IsZero() {
		s.GoneAt = now
	}
	return s
}

func (r record) settled() bool {
	for _, port := range r.Ports {
		if !port.settled() {
			return false
		}
	}
	return r.standing.settled()
}

// withPort returns a copy of the record in which the port is as given.
func (r record) withPort(port portRecord) record {
	r.Ports = maps.Clone(r.Ports)
	if r.Ports == nil {
		r.Ports = map[string]portRecord{}
	}
	r.Ports[port.Port.ID] = port
	return r
}

// pruned returns a copy without the ports that have been gone since before the
// given time.
func (r record) pruned(before time.Time) record {
	r.Ports = maps.Clone(r.Ports)
	maps.DeleteFunc(r.Ports, func(_ string, port portRecord) bool {
		return port.gone() && port.GoneAt.Before(before)
	})
	return r
}

// introduce names the project of a port that is told of before its project is.
// Its namespace is not wanted until then.
func (r record) introduce(p Port) record {
	if r.Project.ID == "" {
		r.Project = Project{ID: p.ProjectID, AccountID: p.AccountID, Namespace: p.Namespace}
	}
	return r
}

// generation returns the generation last asked for of the namespace, or of a
// port, and whether there was one.
func (r record) generation(portID string) (int64, bool) {
	if portID == "" {
		return r.Project.Generation, r.Project.Generation > 0
	}
	port, ok := r.Ports[portID]
	return port.Port.Generation, ok
}

// absent tells whether nothing of the project is wanted here.
func (r record) absent() bool { return r.Removed || r.Project.Generation == 0 }

func (r record) equal(other record) bool {
	a, errA := json.Marshal(r)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// wanted returns the object that the record wants under the reference, if any.
func (r record) wanted(baseline Baseline, ref Ref) (Object, bool) {
	if r.absent() {
		return Object{}, false
	}
	if ref == r.Project.ref() {
		return baseline.namespace(r.Project), true
	}
	if port, ok := r.Ports[ref.Name]; ok && port.Port.ref() == ref && !port.Removed {
		obj, err := port.Port.object()
		return obj, err == nil
	}
	for _, part := range baseline.parts(r.Project) {
		if part.ref == ref {
			return part.object(r.Project), true
		}
	}
	return Object{}, false
}

// refs returns the references of everything of a kind that the record wants.
func (r record) refs(baseline Baseline, kind Kind) []Ref {
	var out []Ref
	switch {
	case r.absent():
	case kind == KindNamespace:
		out = append(out, r.Project.ref())
	case kind.APIVersion == PortAPIVersion:
		for _, port := range r.Ports {
			if port.Port.Kind == kind.Name && !port.Removed {
				out = append(out, port.Port.ref())
			}
		}
	default:
		for _, part := range baseline.parts(r.Project) {
			if part.ref.Kind == kind {
				out = append(out, part.ref)
			}
		}
	}
	return out
}

const (
	recordField = "record"
	// labelRecord tells records from other ConfigMaps.
	labelRecord = "demeter.run/record"
)

// object returns the ConfigMap that keeps the record. It is named after the
// project's id, which is made a valid name where it is none.
func (r record) object(namespace string) (Object, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return Object{}, fmt.Errorf("record of project %s: %w", r.Project.ID, err)
	}
	return Object{
		Ref: Ref{Kind: KindConfigMap, Namespace: namespace, Name: recordName(r.Project.ID)},
		Labels: map[string]string{
			labelManagedBy: managedByFabric, labelRecord: "project",
		},
		Fields: map[string]any{"data": map[string]any{recordField: string(raw)}},
	}, nil
}

func parseRecord(obj Object) (record, error) {
	var rec record
	data, _ := obj.Fields["data"].(map[string]any)
	raw, _ := data[recordField].(string)
	if err := json.Unmarshal([]byte(raw), &rec); err != nil {
		return rec, fmt.Errorf("%s: %w", obj.Ref, err)
	}
	if rec.Project.ID == "" {
		return rec, fmt.Errorf("%s: no project id", obj.Ref)
	}
	return rec, nil
}
