package grpcapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	pb "github.com/hexplane/hexplane/management/managementpb"
)

// TestTextWithNULIsRefused sends NUL, which PostgreSQL cannot store, in every
// string field of every method.
func TestTextWithNULIsRefused(t *testing.T) {
	r := plain(t)
	const bad = "a\x00b"
	fields := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("demeter.management.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				for k := range method.Input().Fields().Len() {
					field := method.Input().Fields().Get(k)
					req := dynamicpb.NewMessage(method.Input())
					switch {
					case field.IsMap():
						value := field.MapValue()
						if value.Kind() != protoreflect.StringKind {
							continue
						}
						req.Mutable(field).Map().Set(protoreflect.ValueOfString(bad).MapKey(), protoreflect.ValueOfString("v"))
					case field.Kind() != protoreflect.StringKind || field.IsList():
						continue
					default:
						req.Set(field, protoreflect.ValueOfString(bad))
					}
					fields++
					name := "/" + string(service.FullName()) + "/" + string(method.Name())
					require.Equal(t, []any{codes.InvalidArgument, []string{string(field.Name())}},
						call(t, r, name, method.IsStreamingServer(), req), "%s %s", name, field.Name())
				}
			}
		}
		return true
	})
	require.Greater(t, fields, 30)
	require.Empty(t, r.state.Published())
}

// call returns the code and the fields at fault.
func call(t *testing.T, r *rig, method string, stream bool, req *dynamicpb.Message) []any {
	t.Helper()
	ctx := r.operator(t.Context())
	resp := &pb.WatchProjectResponse{}
	var err error
	if stream {
		var s grpc.ClientStream
		s, err = r.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method)
		require.NoError(t, err)
		require.NoError(t, s.SendMsg(req))
		require.NoError(t, s.CloseSend())
		err = s.RecvMsg(resp)
	} else {
		err = r.conn.Invoke(ctx, method, req, resp)
	}
	code, fields := refusal(err)
	return []any{code, fields}
}

// TestNULIsFoundInside: the path says where.
func TestNULIsFoundInside(t *testing.T) {
	r := plain(t)
	_, err := pb.NewProjectServiceClient(r.conn).UpdateProject(r.operator(t.Context()), &pb.UpdateProjectRequest{
		ProjectId: "p", Placement: &pb.Placement{Labels: map[string]string{"region": strings.Repeat("\x00", 2)}},
	})
	code, fields := refusal(err)
	require.Equal(t, codes.InvalidArgument, code)
	require.Equal(t, []string{"placement.labels"}, fields)
}
