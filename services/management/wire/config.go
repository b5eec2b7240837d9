package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/management"
)

// Config is what only management reads from its environment. A zero limit means
// its default.
type Config struct {
	GRPCAddr    string         `env:"GRPC_ADDR" envDefault:"127.0.0.1:8087" desc:"where the gRPC interface listens"`
	TLSCert     string         `env:"GRPC_TLS_CERT" desc:"PEM file of the server certificate; setting it turns TLS on"`
	TLSKey      string         `env:"GRPC_TLS_KEY" desc:"PEM file of the server key"`
	DemeterURL  service.Secret `env:"DEMETER_DATABASE_URL" desc:"PostgreSQL of the old Demeter; unset: SQLite under DATA_DIR"`
	OperatorKey service.Secret `env:"OPERATOR_KEY" desc:"first API key, made by 'management operator-key'; unset: one is made and kept in DATA_DIR/management/operator.key"`

	ProjectsPerAccount int           `env:"PROJECTS_PER_ACCOUNT" envDefault:"100" desc:"quota of an account"`
	PortsPerProject    int           `env:"PORTS_PER_PROJECT" envDefault:"100" desc:"quota of a project"`
	RestoreWindow      time.Duration `env:"RESTORE_WINDOW" envDefault:"72h" desc:"how long a deleted project can be restored"`
	BreakerDeletes     int           `env:"BREAKER_DELETES" envDefault:"20" desc:"projects of an account that may be deleted within BREAKER_WINDOW"`
	BreakerWindow      time.Duration `env:"BREAKER_WINDOW" envDefault:"10m" desc:"see BREAKER_DELETES"`
	SilenceDeadline    time.Duration `env:"SILENCE_DEADLINE" envDefault:"2m" desc:"how long a cluster may be silent before it is degraded"`

	// Listener, when set, is used in place of GRPC_ADDR.
	Listener net.Listener
}

func (c Config) domain(p *service.Platform) management.Config {
	return management.Config{
		ProjectsPerAccount: c.ProjectsPerAccount, PortsPerProject: c.PortsPerProject,
		RestoreWindow: c.RestoreWindow, BreakerDeletes: c.BreakerDeletes, BreakerWindow: c.BreakerWindow,
		SilenceDeadline: c.SilenceDeadline, Logger: p.Log,
	}
}

func (c Config) tls() (*tls.Config, error) {
	if c.TLSCert == "" && c.TLSKey == "" {
		return nil, nil //nolint:nilnil // plain text is a valid answer
	}
	if c.TLSCert == "" || c.TLSKey == "" {
		return nil, errors.New("GRPC_TLS_CERT and GRPC_TLS_KEY belong together")
	}
	certificate, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("GRPC_TLS_CERT: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}, nil
}
