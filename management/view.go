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
		clusters, err := clusterIndex(ctx, tx)
		if err != nil {
			return ProjectView{}, err
		}
		return loadView(ctx, tx, p, clusters)
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

func loadView(ctx context.Context, tx Tx, p Project, clusters map[string]Cluster) (ProjectView, error) {
	statuses, err := tx.Statuses().List(ctx, Filter{ResourceID: p.ID})
	if err != nil {
		return ProjectView{}, err
	}
	return ProjectView{Project: p, States: states(p.Clusters, p.Generation, statuses, clusters)}, nil
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
