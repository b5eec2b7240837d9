package grpcapi

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/hexplane/hexplane/management"
)

// code returns the gRPC code of an error of the domain.
func code(err error) codes.Code {
	for _, c := range []struct {
		kind error
		code codes.Code
	}{
		{context.Canceled, codes.Canceled},
		{context.DeadlineExceeded, codes.DeadlineExceeded},
		{management.ErrUnavailable, codes.Unavailable},
		{management.ErrInvalid, codes.InvalidArgument},
		{management.ErrNotFound, codes.NotFound},
		{management.ErrExists, codes.AlreadyExists},
		{management.ErrUnauthenticated, codes.Unauthenticated},
		{management.ErrDenied, codes.PermissionDenied},
		{management.ErrQuota, codes.ResourceExhausted},
		{management.ErrPrecondition, codes.FailedPrecondition},
	} {
		if errors.Is(err, c.kind) {
			return c.code
		}
	}
	return codes.Internal
}

// status turns an error into what the caller is told. A refusal is told as it is;
// of anything else only the code, and the log has the rest.
func (s *Server) status(ctx context.Context, method string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	refused, ok := errors.AsType[*management.Error](err)
	if !ok {
		c := code(err)
		level := slog.LevelError
		if c == codes.Canceled { // the caller went away
			level = slog.LevelDebug
		}
		s.cfg.Logger.Log(ctx, level, "call failed", "method", method, "code", c.String(), "error", err)
		text := map[codes.Code]string{
			codes.Canceled:         "the call was canceled",
			codes.DeadlineExceeded: "the deadline has passed; repeat with the same idempotency key",
			codes.Unavailable:      "a store does not answer; repeat with the same idempotency key",
		}[c]
		if text == "" {
			text = "internal error"
		}
		return status.Error(c, text)
	}
	st := status.New(code(refused), refused.Message)
	if len(refused.Violations) == 0 {
		return st.Err()
	}
	bad := &errdetails.BadRequest{}
	for _, v := range refused.Violations {
		bad.FieldViolations = append(bad.FieldViolations,
			&errdetails.BadRequest_FieldViolation{Field: v.Field, Description: v.Message})
	}
	detailed, err := st.WithDetails(bad)
	if err != nil {
		return st.Err()
	}
	return detailed.Err()
}
