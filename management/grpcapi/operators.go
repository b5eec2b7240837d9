package grpcapi

import (
	"context"
	"time"

	"github.com/hexplane/hexplane/management"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

type clusters struct {
	pb.UnimplementedClusterServiceServer

	svc *management.Service
}

func (s clusters) ListClusters(ctx context.Context, _ *pb.ListClustersRequest) (*pb.ListClustersResponse, error) {
	rows, err := s.svc.ListClusters(ctx)
	if err != nil {
		return nil, err
	}
	resp := &pb.ListClustersResponse{}
	for _, c := range rows {
		resp.Clusters = append(resp.Clusters, cluster(c))
	}
	return resp, nil
}

func (s clusters) ApproveCluster(ctx context.Context, req *pb.ApproveClusterRequest) (*pb.ApproveClusterResponse, error) {
	labels := req.GetLabels()
	if len(labels) == 0 {
		labels = nil
	}
	c, err := s.svc.ApproveCluster(ctx, req.GetClusterId(), labels)
	if err != nil {
		return nil, err
	}
	return &pb.ApproveClusterResponse{Cluster: cluster(c)}, nil
}

type access struct {
	pb.UnimplementedAccessServiceServer

	svc *management.Service
}

func (s access) CreateKey(ctx context.Context, req *pb.CreateKeyRequest) (*pb.CreateKeyResponse, error) {
	var expires time.Time
	if req.GetExpiresAt().IsValid() {
		expires = req.GetExpiresAt().AsTime()
	}
	k, secret, err := s.svc.CreateAPIKey(ctx, management.NewAPIKey{
		Name: req.GetName(), AccountID: req.GetAccountId(), Role: management.Role(req.GetRole()),
		ExpiresAt: expires, IdempotencyKey: req.GetIdempotencyKey(),
	})
	if err != nil {
		return nil, err
	}
	return &pb.CreateKeyResponse{Key: apiKey(k), Secret: secret.Reveal()}, nil
}

func (s access) ListKeys(ctx context.Context, req *pb.ListKeysRequest) (*pb.ListKeysResponse, error) {
	rows, err := s.svc.ListAPIKeys(ctx, req.GetAccountId(), page(req.GetPageSize(), req.GetPageToken()))
	if err != nil {
		return nil, err
	}
	resp := &pb.ListKeysResponse{
		NextPageToken: nextToken(rows, req.GetPageSize(), func(k management.APIKey) string { return k.ID }),
	}
	for _, k := range rows {
		resp.Keys = append(resp.Keys, apiKey(k))
	}
	return resp, nil
}

func (s access) RevokeKey(ctx context.Context, req *pb.RevokeKeyRequest) (*pb.RevokeKeyResponse, error) {
	if err := s.svc.RevokeAPIKey(ctx, req.GetKeyId()); err != nil {
		return nil, err
	}
	return &pb.RevokeKeyResponse{}, nil
}
