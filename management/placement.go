package management

import (
	"context"
	"fmt"
	"slices"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// matches reports whether the cluster is approved and has all labels of the
// selector.
func matches(c Cluster, selector map[string]string) bool {
	if c.ApprovedAt.IsZero() {
		return false
	}
	for key, value := range selector {
		if got, ok := c.Labels[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// place decides in which of the clusters the project belongs and from when
// silence about it is degraded.
func (s *Service) place(p *Project, clusters map[string]Cluster) {
	p.Clusters = []string{}
	for id, c := range clusters {
		if matches(c, p.Selector) {
			p.Clusters = append(p.Clusters, id)
		}
	}
	slices.Sort(p.Clusters)
	p.CheckAt = s.now().Add(s.cfg.SilenceDeadline)
}

// advance gives the project's next event its number.
func (p *Project) advance() {
	p.Sequence++
	p.Generation = p.Sequence
}

func publishProject(ctx context.Context, tx Tx, eventType string, p Project, snapshotFor string) error {
	return publish(ctx, tx, eventType, p.ID, demeterevent.Project{
		ProjectID: p.ID, AccountID: p.AccountID, Name: p.Name, Namespace: p.Namespace,
		Generation: p.Generation,
		Target:     demeterevent.Target{Clusters: orEmpty(p.Clusters), SnapshotFor: snapshotFor},
	})
}

func publishPort(ctx context.Context, tx Tx, eventType string, p Project, port Port, snapshotFor string) error {
	return publish(ctx, tx, eventType, p.ID, demeterevent.Port{
		PortID: port.ID, ProjectID: p.ID, AccountID: p.AccountID, Namespace: p.Namespace,
		Kind: port.Kind, Spec: port.Spec, Generation: port.Generation,
		Target: demeterevent.Target{Clusters: orEmpty(p.Clusters), SnapshotFor: snapshotFor},
	})
}

func publish(ctx context.Context, tx Tx, eventType, projectID string, payload any) error {
	msg, err := eventbus.NewMessage(demeterevent.EventTopic, eventType, projectID, payload)
	if err != nil {
		return fmt.Errorf("make %s: %w", eventType, err)
	}
	return tx.Publish(ctx, msg)
}

func orEmpty(ids []string) []string {
	if ids == nil {
		return []string{}
	}
	return ids
}
