package grpcapi

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/hexplane/hexplane/management"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

type projects struct {
	pb.UnimplementedProjectServiceServer

	svc     *management.Service
	closing <-chan struct{}
}

func (s projects) CreateProject(ctx context.Context, req *pb.CreateProjectRequest) (*pb.CreateProjectResponse, error) {
	p, err := s.svc.CreateProject(ctx, management.NewProject{
		AccountID: req.GetAccountId(), Name: req.GetName(), IdempotencyKey: req.GetIdempotencyKey(),
		Selector: req.GetPlacement(), Protected: req.GetDeletionProtection(),
	})
	if err != nil {
		return nil, err
	}
	return &pb.CreateProjectResponse{Project: project(p)}, nil
}

func (s projects) GetProject(ctx context.Context, req *pb.GetProjectRequest) (*pb.GetProjectResponse, error) {
	p, err := s.svc.GetProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	return &pb.GetProjectResponse{Project: project(p)}, nil
}

func (s projects) ListProjects(ctx context.Context, req *pb.ListProjectsRequest) (*pb.ListProjectsResponse, error) {
	rows, err := s.svc.ListProjects(ctx, req.GetAccountId(), req.GetShowDeleted(),
		page(req.GetPageSize(), req.GetPageToken()))
	if err != nil {
		return nil, err
	}
	resp := &pb.ListProjectsResponse{
		NextPageToken: nextToken(rows, req.GetPageSize(), func(p management.ProjectView) string { return p.ID }),
	}
	for _, p := range rows {
		resp.Projects = append(resp.Projects, project(p))
	}
	return resp, nil
}

func (s projects) UpdateProject(ctx context.Context, req *pb.UpdateProjectRequest) (*pb.UpdateProjectResponse, error) {
	change := management.ProjectChange{ID: req.GetProjectId(), Protected: req.DeletionProtection}
	if req.GetPlacement() != nil {
		labels := req.GetPlacement().GetLabels()
		change.Selector = &labels
	}
	p, err := s.svc.UpdateProject(ctx, change)
	if err != nil {
		return nil, err
	}
	return &pb.UpdateProjectResponse{Project: project(p)}, nil
}

func (s projects) DeleteProject(ctx context.Context, req *pb.DeleteProjectRequest) (*pb.DeleteProjectResponse, error) {
	p, err := s.svc.DeleteProject(ctx, req.GetProjectId(), req.GetForce())
	if err != nil {
		return nil, err
	}
	return &pb.DeleteProjectResponse{Project: project(p)}, nil
}

func (s projects) RestoreProject(ctx context.Context, req *pb.RestoreProjectRequest) (*pb.RestoreProjectResponse, error) {
	p, err := s.svc.RestoreProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	return &pb.RestoreProjectResponse{Project: project(p)}, nil
}

// WatchProject also ends when the server stops, with UNAVAILABLE: watch again.
func (s projects) WatchProject(req *pb.WatchProjectRequest, stream grpc.ServerStreamingServer[pb.WatchProjectResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	go func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	for p, err := range s.svc.WatchProject(ctx, req.GetProjectId()) {
		if err != nil {
			switch ended := stream.Context().Err(); {
			case ended != nil: // the caller left or its deadline passed, as watches end
				return status.FromContextError(ended).Err()
			case ctx.Err() != nil:
				return status.Error(codes.Unavailable, "the server stops; watch again")
			default:
				return err
			}
		}
		if err := stream.Send(&pb.WatchProjectResponse{Project: project(p)}); err != nil {
			return err
		}
	}
	return nil
}
