package grpcapi

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/hexplane/hexplane/management"
)

// answerUnary is outermost: it turns errors into statuses and panics into errors.
func (s *Server) answerUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
		err = s.status(ctx, info.FullMethod, err)
	}()
	return next(ctx, req)
}

func (s *Server) answerStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
		err = s.status(stream.Context(), info.FullMethod, err)
	}()
	return next(srv, stream)
}

func (s *Server) limitTime(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	limit := s.cfg.MaxTimeout
	if _, ok := ctx.Deadline(); !ok {
		limit = min(limit, s.cfg.DefaultTimeout)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return next(ctx, req)
}

func (s *Server) authenticateUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	ctx, err := s.authenticate(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (s *Server) authenticateStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	ctx, err := s.authenticate(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	return next(srv, authenticated{stream, ctx})
}

// authenticated is a stream whose context carries the caller.
type authenticated struct {
	grpc.ServerStream

	ctx context.Context //nolint:containedctx // how gRPC passes it
}

// Context implements grpc.ServerStream.
func (a authenticated) Context() context.Context { return a.ctx }

// authenticate puts the caller into the context. Health and reflection are open.
func (s *Server) authenticate(ctx context.Context, method string) (context.Context, error) {
	if strings.HasPrefix(method, "/grpc.") {
		return ctx, nil
	}
	var key management.Secret
	for _, value := range metadata.ValueFromIncomingContext(ctx, "authorization") {
		if scheme, token, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "bearer") {
			key = management.Secret(strings.TrimSpace(token))
		}
	}
	caller, err := s.svc.Authenticate(ctx, key)
	if err != nil {
		return ctx, err
	}
	return management.WithPrincipal(ctx, caller), nil
}
