package management

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// mayProject authorizes the caller for the account that owns the project.
func (s *Service) mayProject(ctx context.Context, id string, need right) error {
	_, err := s.projectView(ctx, id, need)
	return err
}

func (s *Service) projectView(ctx context.Context, id string, need right) (ProjectView, error) {
	view, err := s.viewProject(ctx, id)
	if err != nil {
		if _, ok := ctx.Value(principalKey{}).(Principal); !ok {
			return ProjectView{}, refuse(ErrUnauthenticated, "", "an API key is required")
		}
		return ProjectView{}, err
	}
	if _, err := authorize(ctx, need, view.AccountID, "project", "project_id"); err != nil {
		return ProjectView{}, err
	}
	return view, nil
}

func (s *Service) viewProject(ctx context.Context, id string) (ProjectView, error) {
	return read(ctx, s, "project", "project_id", func(ctx context.Context, tx Tx) (ProjectView, error) {
		p, err := tx.Projects().Get(ctx, id)
		if err != nil {
			return ProjectView{}, err
		}
		views, err := loadViews(ctx, tx, p)
		if err != nil {
			return ProjectView{}, err
		}
		return views[0], nil
	})
}

func clusterIndex(ctx context.Context, tx Tx) (map[string]Cluster, error) {
	all, err := tx.Clusters().List(ctx, Filter{})
	index := make(map[string]Cluster, len(all))
	for _, c := range all {
		index[c.ID] = c
	}
	return index, err
}

// loadViews reads what the clusters said of the projects, all at once.
func loadViews(ctx context.Context, tx Tx, projects ...Project) ([]ProjectView, error) {
	clusters, err := clusterIndex(ctx, tx)
	if err != nil {
		return nil, err
	}
	said, err := statusesOf(ctx, tx, projects, func(p Project) string { return p.ID })
	if err != nil {
		return nil, err
	}
	views := make([]ProjectView, len(projects))
	for i, p := range projects {
		views[i] = ProjectView{Project: p, States: states(p.Clusters, p.Generation, said[p.ID], clusters)}
	}
	return views, nil
}

// statusesOf returns the statuses of resources by the resource's id.
func statusesOf[T any](ctx context.Context, tx Tx, resources []T, id func(T) string) (map[string][]Status, error) {
	if len(resources) == 0 {
		return nil, nil
	}
	ids := make([]string, len(resources))
	for i, r := range resources {
		ids[i] = id(r)
	}
	all, err := tx.Statuses().List(ctx, Filter{ResourceIDs: ids})
	said := make(map[string][]Status, len(resources))
	for _, st := range all {
		said[st.ResourceID] = append(said[st.ResourceID], st)
	}
	return said, err
}

// states merges what the clusters said with what is known about the clusters:
// one that has said nothing is pending, one that has not seen the latest
// generation is applying it, and one whose heartbeat stopped is degraded.
func states(placed []string, generation int64, statuses []Status, clusters map[string]Cluster) map[string]ClusterState {
	merged := make(map[string]ClusterState, len(placed))
	for _, id := range placed {
		merged[id] = ClusterState{Phase: demeterevent.PhasePending}
	}
	for _, st := range statuses {
		placedHere := slices.Contains(placed, st.ClusterID)
		if !placedHere && st.Phase == demeterevent.PhaseGone {
			continue
		}
		state := ClusterState{
			Phase: st.Phase, Reason: st.Reason,
			ObservedGeneration: st.ObservedGeneration, UpdatedAt: st.UpdatedAt,
		}
		if st.Phase == demeterevent.PhaseReady && st.ObservedGeneration < generation && placedHere {
			state.Phase = demeterevent.PhaseApplying
			state.Reason = fmt.Sprintf("generation %d is not observed yet", generation)
		}
		merged[st.ClusterID] = state
	}
	for id, state := range merged {
		if c := clusters[id]; !c.SilentSince.IsZero() && state.Phase != demeterevent.PhaseGone {
			state.Phase = demeterevent.PhaseDegraded
			state.Reason = demeterevent.Reason(demeterevent.CodeClusterSilent,
				"no heartbeat since "+c.SilentSince.Format(time.RFC3339))
			merged[id] = state
		}
	}
	return merged
}
