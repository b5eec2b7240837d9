package grpcapi

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/management/managementpb"
)

// Config tunes a Server; zero fields take their defaults.
type Config struct {
	// TLS of the listener; nil means plain text, for loopback only.
	TLS *tls.Config
	// DefaultTimeout of calls without a deadline, 10 s, and MaxTimeout of all
	// unary calls, 60 s.
	DefaultTimeout time.Duration
	MaxTimeout     time.Duration
	// ShutdownTimeout is how long calls in flight may take after Serve's context
	// ended, 10 s. Watches end at once.
	ShutdownTimeout time.Duration
	Logger          *slog.Logger
	// Options are added to the gRPC server's, for example a stats handler.
	Options []grpc.ServerOption
}

// Server is a gRPC server of the management interface.
type Server struct {
	cfg     Config
	svc     *management.Service
	grpc    *grpc.Server
	health  *health.Server
	closing chan struct{} // closed when streams must end
}

// New returns a server; nothing listens until Serve.
func New(svc *management.Service, cfg Config) *Server {
	setDefault(&cfg.DefaultTimeout, 10*time.Second)
	setDefault(&cfg.MaxTimeout, time.Minute)
	setDefault(&cfg.ShutdownTimeout, 10*time.Second)
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Server{cfg: cfg, svc: svc, health: health.NewServer(), closing: make(chan struct{})}
	const (
		largestRequest = 1 << 20
		// Goroutines that stay have stacks that need not grow for every call.
		workers = 128
	)
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(largestRequest),
		grpc.NumStreamWorkers(workers),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.ChainUnaryInterceptor(s.answerUnary, s.limitTime, s.authenticateUnary, s.checkUnary),
		grpc.ChainStreamInterceptor(s.answerStream, s.authenticateStream),
	}
	if cfg.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(cfg.TLS)))
	}
	s.grpc = grpc.NewServer(append(options, cfg.Options...)...)
	s.register()
	return s
}

func setDefault(field *time.Duration, value time.Duration) {
	if *field == 0 {
		*field = value
	}
}

func (s *Server) register() {
	managementpb.RegisterAccountServiceServer(s.grpc, accounts{svc: s.svc})
	managementpb.RegisterProjectServiceServer(s.grpc, projects{svc: s.svc, closing: s.closing})
	managementpb.RegisterPortServiceServer(s.grpc, ports{svc: s.svc})
	managementpb.RegisterClusterServiceServer(s.grpc, clusters{svc: s.svc})
	managementpb.RegisterAccessServiceServer(s.grpc, access{svc: s.svc})
	managementpb.RegisterAuditServiceServer(s.grpc, audit{svc: s.svc})
	healthpb.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)
}

// Serve answers on the listener until ctx ends, then lets calls in flight finish
// and returns nil. It may be called once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- s.grpc.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.health.Shutdown()
	close(s.closing)
	stop := time.AfterFunc(s.cfg.ShutdownTimeout, s.grpc.Stop)
	defer stop.Stop()
	s.grpc.GracefulStop()
	return <-ended
}

// SetServing tells the health service whether the server is ready for calls; it
// is until told otherwise.
func (s *Server) SetServing(ready bool) {
	status := healthpb.HealthCheckResponse_SERVING
	if !ready {
		status = healthpb.HealthCheckResponse_NOT_SERVING
	}
	s.health.SetServingStatus("", status)
}
