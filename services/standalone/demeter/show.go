package demeter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "github.com/hexplane/hexplane/management/managementpb"
)

// patience is how long Show waits for the clusters.
const patience = time.Minute

// Show creates an account and a project by gRPC, watches the project until it is
// ready in both clusters, and says so. Shown again on the same data, it finds the
// same two.
func (p *Part) Show(ctx context.Context, w io.Writer) (err error) {
	key, err := os.ReadFile(p.KeyFile)
	if err != nil {
		return fmt.Errorf("demeter: %w", err)
	}
	conn, err := grpc.NewClient(p.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("demeter: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+strings.TrimSpace(string(key)))
	for _, id := range Clusters() {
		if err := approve(ctx, conn, id); err != nil {
			return fmt.Errorf("demeter: approve cluster %s: %w", id, err)
		}
	}
	begun := time.Now()
	project, err := create(ctx, conn)
	if err == nil {
		err = awaitReady(ctx, conn, project.GetProjectId())
	}
	if err != nil {
		return fmt.Errorf("demeter: %w", err)
	}
	_, err = fmt.Fprintf(w, "demeter: account demo, project %s: namespace %s is ready in %s after %d ms\n",
		project.GetName(), project.GetNamespace(), strings.Join(Clusters(), " and "), time.Since(begun).Milliseconds())
	return err
}

// approve waits until the cluster has registered by its heartbeat.
func approve(ctx context.Context, conn *grpc.ClientConn, id string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := pb.NewClusterServiceClient(conn).ApproveCluster(ctx, &pb.ApproveClusterRequest{ClusterId: id})
		if status.Code(err) != codes.NotFound {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

func create(ctx context.Context, conn *grpc.ClientConn) (*pb.Project, error) {
	account, err := pb.NewAccountServiceClient(conn).CreateAccount(ctx, &pb.CreateAccountRequest{
		Name: "demo", OwnerEmail: "demo@example.com", IdempotencyKey: "demo",
	})
	if err != nil {
		return nil, fmt.Errorf("create account: %w", err)
	}
	project, err := pb.NewProjectServiceClient(conn).CreateProject(ctx, &pb.CreateProjectRequest{
		AccountId: account.GetAccount().GetAccountId(), Name: "shop", IdempotencyKey: "shop",
	})
	if err != nil {
		return nil, fmt.Errorf("create project: %w", err)
	}
	return project.GetProject(), nil
}

func awaitReady(ctx context.Context, conn *grpc.ClientConn, id string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := pb.NewProjectServiceClient(conn).WatchProject(ctx, &pb.WatchProjectRequest{ProjectId: id})
	if err != nil {
		return fmt.Errorf("watch project: %w", err)
	}
	for {
		resp, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("watch project: %w", err)
		}
		ready := 0
		for _, cluster := range Clusters() {
			if resp.GetProject().GetClusters()[cluster].GetPhase() == "ready" {
				ready++
			}
		}
		if ready == len(Clusters()) {
			return nil
		}
	}
}
