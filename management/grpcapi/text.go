package grpcapi

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/hexplane/hexplane/management"
)

// checkUnary refuses text that not every store can keep.
func (s *Server) checkUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := checkText(req); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

// RecvMsg implements grpc.ServerStream.
func (a authenticated) RecvMsg(req any) error {
	if err := a.ServerStream.RecvMsg(req); err != nil {
		return err
	}
	return checkText(req)
}

// checkText looks for NUL, which PostgreSQL's text cannot hold, in all strings of
// a request. Those of a JSON object (google.protobuf.Struct) are stored escaped.
func checkText(req any) error {
	m, ok := req.(proto.Message)
	if !ok {
		return nil
	}
	field := fieldWithNUL(m.ProtoReflect())
	if field == "" {
		return nil
	}
	const text = "must not contain a NUL character"
	return &management.Error{
		Kind: management.ErrInvalid, Message: field + ": " + text,
		Violations: []management.Violation{{Field: field, Message: text}},
	}
}

// fieldWithNUL is the path of a field, empty if there is none.
func fieldWithNUL(m protoreflect.Message) (path string) {
	if m.Descriptor().ParentFile().Package() == "google.protobuf" {
		return ""
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if inner, found := valueWithNUL(f, v); found {
			path = string(f.Name()) + inner
		}
		return path == ""
	})
	return path
}

// valueWithNUL looks into the value of a field; inner is the rest of the path.
func valueWithNUL(f protoreflect.FieldDescriptor, v protoreflect.Value) (inner string, found bool) {
	switch {
	case f.IsMap():
		v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
			inner, found = oneWithNUL(f.MapValue(), v)
			found = found || hasNUL(f.MapKey(), k.Value())
			return !found
		})
	case f.IsList():
		for i := 0; i < v.List().Len() && !found; i++ {
			inner, found = oneWithNUL(f, v.List().Get(i))
		}
	default:
		return oneWithNUL(f, v)
	}
	return inner, found
}

func oneWithNUL(f protoreflect.FieldDescriptor, v protoreflect.Value) (inner string, found bool) {
	if f.Kind() != protoreflect.MessageKind {
		return "", hasNUL(f, v)
	}
	inner = fieldWithNUL(v.Message())
	return "." + inner, inner != ""
}

func hasNUL(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
	return f.Kind() == protoreflect.StringKind && strings.ContainsRune(v.String(), 0)
}
