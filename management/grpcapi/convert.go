package grpcapi

import (
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/managementpb"
)

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func page(size int32, token string) management.Page {
	return management.Page{Limit: int(size), After: token}
}

// nextToken is the last id of a full page, else empty.
func nextToken[T any](rows []T, size int32, id func(T) string) string {
	limit := int(size)
	if limit <= 0 {
		limit = 100
	}
	if len(rows) < min(limit, 1000) {
		return ""
	}
	return id(rows[len(rows)-1])
}

func account(a management.Account) *managementpb.Account {
	return &managementpb.Account{
		AccountId: a.ID, Name: a.Name, OwnerEmail: a.OwnerEmail,
		CreatedAt: timestamp(a.CreatedAt), DefaultProjectId: a.DefaultProjectID,
	}
}

func project(p management.ProjectView) *managementpb.Project {
	return &managementpb.Project{
		ProjectId: p.ID, AccountId: p.AccountID, Name: p.Name, Namespace: p.Namespace,
		Generation: p.Generation, CreatedAt: timestamp(p.CreatedAt), DeletedAt: timestamp(p.DeletedAt),
		Clusters: states(p.States), Placement: p.Selector, DeletionProtection: p.Protected,
		PurgeAt: timestamp(p.PurgeAt), IsDefault: p.Default,
	}
}

func states(all map[string]management.ClusterState) map[string]*managementpb.ClusterState {
	converted := make(map[string]*managementpb.ClusterState, len(all))
	for id, st := range all {
		converted[id] = &managementpb.ClusterState{
			Phase: string(st.Phase), Reason: st.Reason,
			ObservedGeneration: st.ObservedGeneration, UpdatedAt: timestamp(st.UpdatedAt),
		}
	}
	return converted
}

func port(p management.PortView) (*managementpb.Port, error) {
	spec, err := structure(p.Spec)
	return &managementpb.Port{
		PortId: p.ID, ProjectId: p.ProjectID, Kind: p.Kind, Spec: spec, Clusters: states(p.States),
		Generation: p.Generation, CreatedAt: timestamp(p.CreatedAt), DeletedAt: timestamp(p.DeletedAt),
	}, err
}

func structure(raw json.RawMessage) (*structpb.Struct, error) {
	s := &structpb.Struct{}
	if err := s.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("stored JSON object: %w", err)
	}
	return s, nil
}

func value(raw json.RawMessage) (*structpb.Value, error) {
	v := &structpb.Value{}
	if err := v.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("stored JSON value: %w", err)
	}
	return v, nil
}

// object is the JSON of a Struct. Go's encoder sorts the members, so that the
// same object is always the same text.
func object(s *structpb.Struct) (json.RawMessage, error) {
	if s == nil {
		return nil, nil
	}
	raw, err := json.Marshal(s.AsMap())
	if err != nil {
		return nil, fmt.Errorf("encode object: %w", err)
	}
	return raw, nil
}

func cluster(c management.ClusterView) *managementpb.Cluster {
	beat := c.Heartbeat
	return &managementpb.Cluster{
		ClusterId: c.ID, Labels: c.Labels, ReportedLabels: beat.Labels,
		RegisteredAt: timestamp(c.RegisteredAt), ApprovedAt: timestamp(c.ApprovedAt),
		LastHeartbeatAt: timestamp(c.ReceivedAt), SilentSince: timestamp(c.SilentSince),
		Version: beat.Version, Kinds: beat.Kinds, Lag: beat.Lag,
		Namespaces: beat.Namespaces, Ports: beat.Ports, Degraded: beat.Degraded,
	}
}

func apiKey(k management.APIKey) *managementpb.Key {
	return &managementpb.Key{
		KeyId: k.ID, Name: k.Name, AccountId: k.AccountID, Role: string(k.Role),
		CreatedAt: timestamp(k.CreatedAt), ExpiresAt: timestamp(k.ExpiresAt), RevokedAt: timestamp(k.RevokedAt),
	}
}
