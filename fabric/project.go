package fabric

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

const (
	labelManagedBy  = demeterevent.LabelManagedBy
	labelProjectID  = demeterevent.LabelProjectID
	labelAccountID  = demeterevent.LabelAccountID
	managedByFabric = demeterevent.ManagedByFabric

	annotationName       = "demeter.run/project-name"
	annotationGeneration = "demeter.run/generation"
)

// Project is what a cluster is told of a project: the whole desired state of its
// namespace.
type Project struct {
	ID         string `json:"id"`
	AccountID  string `json:"account_id"`
	Name       string `json:"name"`
	Namespace  string `json:"namespace"`
	Generation int64  `json:"generation"`
}

// Port is what a cluster is told of a port: the whole desired state of one
// custom resource, named after the port's id, in the project's namespace.
type Port struct {
	ID         string          `json:"id"`
	ProjectID  string          `json:"project_id"`
	AccountID  string          `json:"account_id"`
	Namespace  string          `json:"namespace"`
	Kind       string          `json:"kind"`
	Spec       json.RawMessage `json:"spec,omitempty"`
	Generation int64           `json:"generation"`
}

func (p Project) ref() Ref { return Ref{Kind: KindNamespace, Name: p.Namespace} }

func (p Project) labels() map[string]string {
	return map[string]string{
		labelManagedBy: managedByFabric,
		labelProjectID: p.ID,
		labelAccountID: p.AccountID,
	}
}

// owns tells whether a namespace is this project's: labelled by the fabric, for
// this project.
func (p Project) owns(live Object) bool {
	return live.ManagedByFabric() && live.Labels[labelProjectID] == p.ID
}

func (p Port) ref() Ref {
	return Ref{Kind: PortKind(p.Kind), Namespace: p.Namespace, Name: p.ID}
}

// object returns the custom resource. A spec that is no JSON object is refused.
func (p Port) object() (Object, error) {
	spec := map[string]any{}
	if len(p.Spec) > 0 {
		if err := json.Unmarshal(p.Spec, &spec); err != nil {
			return Object{}, fmt.Errorf("spec is no JSON object: %w", err)
		}
	}
	return sealed(Object{
		Ref: p.ref(),
		Labels: map[string]string{
			labelManagedBy: managedByFabric,
			labelProjectID: p.ProjectID,
			labelAccountID: p.AccountID,
		},
		Annotations: map[string]string{annotationGeneration: strconv.FormatInt(p.Generation, 10)},
		Fields:      map[string]any{"spec": spec},
	}), nil
}
