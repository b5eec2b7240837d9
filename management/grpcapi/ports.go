package grpcapi

import (
	"context"

	"github.com/hexplane/hexplane/management"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

type ports struct {
	pb.UnimplementedPortServiceServer

	svc *management.Service
}

func (s ports) CreatePort(ctx context.Context, req *pb.CreatePortRequest) (*pb.CreatePortResponse, error) {
	spec, err := object(req.GetSpec())
	if err != nil {
		return nil, err
	}
	made, err := s.svc.CreatePort(ctx, management.NewPort{
		ProjectID: req.GetProjectId(), Kind: req.GetKind(), Spec: spec, IdempotencyKey: req.GetIdempotencyKey(),
	})
	if err != nil {
		return nil, err
	}
	p, err := port(made)
	return &pb.CreatePortResponse{Port: p}, err
}

func (s ports) GetPort(ctx context.Context, req *pb.GetPortRequest) (*pb.GetPortResponse, error) {
	got, err := s.svc.GetPort(ctx, req.GetPortId())
	if err != nil {
		return nil, err
	}
	p, err := port(got)
	return &pb.GetPortResponse{Port: p}, err
}

func (s ports) ListPorts(ctx context.Context, req *pb.ListPortsRequest) (*pb.ListPortsResponse, error) {
	rows, err := s.svc.ListPorts(ctx, req.GetProjectId(), page(req.GetPageSize(), req.GetPageToken()))
	if err != nil {
		return nil, err
	}
	resp := &pb.ListPortsResponse{
		NextPageToken: nextToken(rows, req.GetPageSize(), func(p management.PortView) string { return p.ID }),
	}
	for _, row := range rows {
		p, err := port(row)
		if err != nil {
			return nil, err
		}
		resp.Ports = append(resp.Ports, p)
	}
	return resp, nil
}

func (s ports) UpdatePort(ctx context.Context, req *pb.UpdatePortRequest) (*pb.UpdatePortResponse, error) {
	spec, err := object(req.GetSpec())
	if err != nil {
		return nil, err
	}
	changed, err := s.svc.UpdatePort(ctx, req.GetPortId(), spec)
	if err != nil {
		return nil, err
	}
	p, err := port(changed)
	return &pb.UpdatePortResponse{Port: p}, err
}

func (s ports) DeletePort(ctx context.Context, req *pb.DeletePortRequest) (*pb.DeletePortResponse, error) {
	deleted, err := s.svc.DeletePort(ctx, req.GetPortId())
	if err != nil {
		return nil, err
	}
	p, err := port(deleted)
	return &pb.DeletePortResponse{Port: p}, err
}

func (s ports) RegisterPortKind(ctx context.Context, req *pb.RegisterPortKindRequest) (*pb.RegisterPortKindResponse, error) {
	schema, err := object(req.GetSchema())
	if err != nil {
		return nil, err
	}
	registered, err := s.svc.RegisterPortKind(ctx, req.GetName(), schema)
	if err != nil {
		return nil, err
	}
	k, err := kind(registered)
	return &pb.RegisterPortKindResponse{Kind: k}, err
}

func (s ports) ListPortKinds(ctx context.Context, _ *pb.ListPortKindsRequest) (*pb.ListPortKindsResponse, error) {
	rows, err := s.svc.ListPortKinds(ctx)
	if err != nil {
		return nil, err
	}
	resp := &pb.ListPortKindsResponse{}
	for _, row := range rows {
		k, err := kind(row)
		if err != nil {
			return nil, err
		}
		resp.Kinds = append(resp.Kinds, k)
	}
	return resp, nil
}

func kind(k management.Kind) (*pb.PortKind, error) {
	schema, err := structure(k.Schema)
	return &pb.PortKind{Name: k.Name, Schema: schema, CreatedAt: timestamp(k.CreatedAt)}, err
}
