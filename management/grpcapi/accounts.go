package grpcapi

import (
	"context"

	"github.com/hexplane/hexplane/management"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

type accounts struct {
	pb.UnimplementedAccountServiceServer

	svc *management.Service
}

func (s accounts) CreateAccount(ctx context.Context, req *pb.CreateAccountRequest) (*pb.CreateAccountResponse, error) {
	a, err := s.svc.CreateAccount(ctx, management.NewAccount{
		Name: req.GetName(), OwnerEmail: req.GetOwnerEmail(), IdempotencyKey: req.GetIdempotencyKey(),
	})
	if err != nil {
		return nil, err
	}
	return &pb.CreateAccountResponse{Account: account(a)}, nil
}

func (s accounts) GetAccount(ctx context.Context, req *pb.GetAccountRequest) (*pb.GetAccountResponse, error) {
	a, err := s.svc.GetAccount(ctx, req.GetAccountId())
	if err != nil {
		return nil, err
	}
	return &pb.GetAccountResponse{Account: account(a)}, nil
}

func (s accounts) ListAccounts(ctx context.Context, req *pb.ListAccountsRequest) (*pb.ListAccountsResponse, error) {
	rows, err := s.svc.ListAccounts(ctx, page(req.GetPageSize(), req.GetPageToken()))
	if err != nil {
		return nil, err
	}
	resp := &pb.ListAccountsResponse{
		NextPageToken: nextToken(rows, req.GetPageSize(), func(a management.Account) string { return a.ID }),
	}
	for _, a := range rows {
		resp.Accounts = append(resp.Accounts, account(a))
	}
	return resp, nil
}

type audit struct {
	pb.UnimplementedAuditServiceServer

	svc *management.Service
}

func (s audit) ListAuditEntries(ctx context.Context, req *pb.ListAuditEntriesRequest) (*pb.ListAuditEntriesResponse, error) {
	rows, err := s.svc.ListAudit(ctx, req.GetAccountId(), page(req.GetPageSize(), req.GetPageToken()))
	if err != nil {
		return nil, err
	}
	resp := &pb.ListAuditEntriesResponse{
		NextPageToken: nextToken(rows, req.GetPageSize(), func(e management.AuditEntry) string { return e.ID }),
	}
	for _, e := range rows {
		before, err := value(e.Before)
		if err != nil {
			return nil, err
		}
		after, err := value(e.After)
		if err != nil {
			return nil, err
		}
		resp.Entries = append(resp.Entries, &pb.AuditEntry{
			EntryId: e.ID, At: timestamp(e.At), Actor: e.Actor, Action: e.Action,
			AccountId: e.AccountID, Resource: e.Resource, Before: before, After: after,
		})
	}
	return resp, nil
}
