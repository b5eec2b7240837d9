// Package stack runs every RouterSecure service, and Demeter, in one process, each
// wired as its own binary wires it: they share a broker that speaks Kafka's protocol
// over TCP, call each other over HTTP on the loopback interface, and write to a
// HomeSecure backend over HTTPS. Nothing is shortcut because it is one process.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"

	"github.com/hexplane/hexplane/internal/hsbackend"
	"github.com/hexplane/hexplane/internal/service"
	accounts "github.com/hexplane/hexplane/services/accounts/wire"
	bucketwriter "github.com/hexplane/hexplane/services/bucketwriter/wire"
	customconfig "github.com/hexplane/hexplane/services/customconfig/wire"
	gatewayisp "github.com/hexplane/hexplane/services/gatewayisp/wire"
	notifications "github.com/hexplane/hexplane/services/notifications/wire"
	rsadaptor "github.com/hexplane/hexplane/services/rsadaptor/wire"
	rsagents "github.com/hexplane/hexplane/services/rsagents/wire"
	rsclient "github.com/hexplane/hexplane/services/rsclient/wire"
	rsevents "github.com/hexplane/hexplane/services/rsevents/wire"
	rssync "github.com/hexplane/hexplane/services/rssync/wire"
	"github.com/hexplane/hexplane/services/standalone/demeter"
	subsystemsupervisor "github.com/hexplane/hexplane/services/subsystemsupervisor/wire"
)

// Stack is the services of one process, ready to run.
type Stack struct {
	// Backend is the HomeSecure backend that the services write to.
	Backend *hsbackend.Backend
	// GatewayURL is the public interface's base URL.
	GatewayURL string
	// Keys are the ISPs' API keys.
	Keys map[string]string
	// Demeter is the part of the process that has nothing to do with RouterSecure.
	Demeter *demeter.Part

	dataDir  string
	environ  map[string]string
	host     *service.Host
	services []*service.Service
	urls     map[string]string // of the services, by name
	lag      *lagMeter
	failed   bool // a service could not be wired; none after it is
}

// Config says what the services stand on.
type Config struct {
	service.Config // HTTPAddr is the gateway's; the other services take free ports

	Environ map[string]string // of the process; the services read their own settings from it
	ISPs    []string          // whose realms and keys to make
	Logs    io.Writer
}

// Open starts the broker and the backend, restores what the data folder holds and wires
// the services; Run starts them. A Stack that does not run must be closed.
func Open(ctx context.Context, cfg Config) (*Stack, error) {
	dir := filepath.Join(cfg.DataDir, "standalone")
	keys, err := apiKeys(filepath.Join(dir, "api-keys.json"), cfg.ISPs)
	if err != nil {
		return nil, err
	}
	s := &Stack{Keys: keys, dataDir: cfg.DataDir, environ: cfg.Environ, urls: map[string]string{}}
	if s.Backend, err = hsbackend.Open(filepath.Join(dir, "hsbackend"), cfg.ISPs); err != nil {
		return nil, err
	}
	if s.host, err = service.NewHost("standalone", cfg.Config, cfg.Logs); err != nil {
		return nil, errors.Join(err, s.Backend.Close())
	}
	err = s.wire(ctx, cfg.HTTPAddr)
	if err == nil {
		s.finish()
		s.lag, err = newLagMeter(s.host.Brokers())
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Run runs the services until ctx ends or one of them fails, and closes the stack.
func (s *Stack) Run(ctx context.Context) error {
	return errors.Join(s.host.Run(ctx, s.services...), s.Close())
}

// Close frees what Open took. Run does it by itself.
func (s *Stack) Close() error {
	s.lag.close()
	for _, svc := range s.services {
		if svc.Listener != nil {
			_ = svc.Listener.Close() // a running server has closed its listener
		}
	}
	return errors.Join(s.host.Close(context.Background()), s.Backend.Close())
}

// Ready returns nil while every service runs.
func (s *Stack) Ready() error { return s.host.Ready() }

// Idle tells whether every event that was published has been consumed by every group
// that listens to its topic.
func (s *Stack) Idle(ctx context.Context) (bool, error) { return s.lag.idle(ctx) }

// wire composes the services, those first that others call.
func (s *Stack) wire(ctx context.Context, gatewayAddr string) error {
	return errors.Join(
		s.wireCore(ctx),
		s.wireRouterSecure(ctx),
		add(ctx, s, "gatewayisp", gatewayAddr, gatewayisp.New, func(c *gatewayisp.Config) error {
			err := service.Parse(c, s.environ)
			c.APIKeys = service.Secret(joinKeys(s.Keys))
			c.RateLimit = 0 // one machine loads as fast as it can
			c.AccountsURL, c.CustomConfigURL = s.urls["accounts"], s.urls["customconfig"]
			c.RSClientURL, c.RSAgentsURL, c.RSSyncURL = s.urls["rsclient"], s.urls["rsagents"], s.urls["rssync"]
			return err
		}),
		s.addDemeter(ctx, gatewayAddr),
	)
}

const anyPort = "127.0.0.1:0"

// wireCore composes the services that RouterSecure is a product of.
func (s *Stack) wireCore(ctx context.Context) error {
	return errors.Join(
		add(ctx, s, "accounts", anyPort, accounts.New, defaults[accounts.Config](s)),
		add(ctx, s, "customconfig", anyPort, customconfig.New, defaults[customconfig.Config](s)),
		add(ctx, s, "subsystemsupervisor", anyPort, subsystemsupervisor.New, defaults[subsystemsupervisor.Config](s)),
		add(ctx, s, "notifications", anyPort, notifications.New, defaults[notifications.Config](s)),
		add(ctx, s, "bucketwriter", "", bucketwriter.New, defaults[bucketwriter.Config](s)),
	)
}

// wireRouterSecure composes RouterSecure's own services.
func (s *Stack) wireRouterSecure(ctx context.Context) error {
	hs := s.Backend
	return errors.Join(
		add(ctx, s, "rsclient", anyPort, rsclient.New, defaults[rsclient.Config](s)),
		add(ctx, s, "rsagents", anyPort, rsagents.New, func(c *rsagents.Config) error {
			err := service.Parse(c, s.environ)
			c.RSClientURL = s.urls["rsclient"]
			return err
		}),
		add(ctx, s, "rssync", anyPort, rssync.New, func(c *rssync.Config) error {
			err := service.Parse(c, s.environ)
			c.RSClientURL, c.RSAgentsURL = s.urls["rsclient"], s.urls["rsagents"]
			return err
		}),
		add(ctx, s, "rsadaptor", "", rsadaptor.New, func(c *rsadaptor.Config) error {
			err := service.Parse(c, s.environ)
			c.URL = hs.URL
			c.ClientCert, c.ClientKey, c.CA = hs.Credentials.CertFile, hs.Credentials.KeyFile, hs.Credentials.CAFile
			return err
		}),
		add(ctx, s, "rsevents", "", rsevents.New, defaults[rsevents.Config](s)),
	)
}

// addDemeter takes any free port for Demeter when the gateway does.
func (s *Stack) addDemeter(ctx context.Context, gatewayAddr string) (err error) {
	if s.failed {
		return nil
	}
	addr := "127.0.0.1:8087"
	if _, port, _ := net.SplitHostPort(gatewayAddr); port == "0" {
		addr = "127.0.0.1:0"
	}
	if own := s.environ["GRPC_ADDR"]; own != "" {
		addr = own
	}
	if s.Demeter, err = demeter.Wire(ctx, s.host, s.dataDir, addr, s.environ); err != nil {
		return err
	}
	s.services = append(s.services, s.Demeter.Services...)
	return nil
}

// defaults configures a service by the environment alone.
func defaults[C any](s *Stack) func(*C) error {
	return func(cfg *C) error { return service.Parse(cfg, s.environ) }
}

// add wires one service and, unless it has no REST interface, listens for it.
func add[C any](
	ctx context.Context, s *Stack, name, addr string,
	wire func(context.Context, *service.Platform, C) (*service.Service, error), configure func(*C) error,
) (err error) {
	if s.failed {
		return nil
	}
	defer func() { s.failed = err != nil }()
	var cfg C
	if err := configure(&cfg); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	platform, err := s.host.Platform(ctx, name)
	if err != nil {
		return err
	}
	svc, err := wire(ctx, platform, cfg)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.services = append(s.services, svc)
	if addr == "" {
		return nil
	}
	if svc.Listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", addr); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.urls[name] = "http://" + svc.Listener.Addr().String()
	return nil
}

// finish notes the public address, and stops the process should the backend not be able
// to keep what it acknowledges.
func (s *Stack) finish() {
	s.GatewayURL = s.urls["gatewayisp"]
	first := s.services[0]
	first.Loops = append(first.Loops, service.Loop{Name: "hsbackend", Run: s.Backend.Run})
}
