// Package wire composes rsadaptor.
package wire

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadminotel"
	"github.com/hexplane/hexplane/hsadmin/hsadminprom"
	"github.com/hexplane/hexplane/internal/hsbackend"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/rsadaptor/events"
	"github.com/hexplane/hexplane/services/rsadaptor/realm"
	"github.com/hexplane/hexplane/services/rsadaptor/usecase"
)

// Config is what only rsadaptor reads from its environment.
type Config struct {
	URL        string `env:"HSADMIN_URL" desc:"base URL of the HomeSecure backend; {isp_id} in it stands for each provider's id; unset: a backend in this process, with a journal in DATA_DIR"`
	ClientCert string `env:"HSADMIN_CLIENT_CERT" desc:"PEM file of the client certificate"`
	ClientKey  string `env:"HSADMIN_CLIENT_KEY" desc:"PEM file of the client key"`
	CA         string `env:"HSADMIN_CA" desc:"PEM file of the backend's authority; unset: the system's"`

	Delays []time.Duration `env:"RETRY_DELAYS" envDefault:"5s,30s,3m,15m" desc:"waits of an event whose provider alone the backend takes nothing from, while other providers' events go on; they need {isp_id} in the URL, and growing ones. After the last, all wait"`
}

// failure is the policy for events that fail, and how many attempts it has; nil: the
// usual one. Where each provider has a realm of
// its own, an event waits beside its topic, in a retry topic for each of the delays,
// and is not tried in place: the client of the backend has done that.
func (c Config) failure() (policy *eventbus.FailurePolicy, attempts int) {
	if !strings.Contains(c.URL, realm.Placeholder) {
		return nil, 0
	}
	if c.Delays == nil {
		c.Delays = []time.Duration{5 * time.Second, 30 * time.Second, 3 * time.Minute, 15 * time.Minute}
	}
	return &eventbus.FailurePolicy{Attempts: 1, Delays: c.Delays}, 1 + len(c.Delays)
}

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "rsadaptor", Summary: "writes RouterSecure configurations to the HomeSecure backend",
		AdminAddr: "127.0.0.1:9086", New: New,
	}
}

// New wires the service on a platform.
func New(_ context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	svc := &service.Service{Platform: p}
	if cfg.URL == "" {
		if err := embed(svc, &cfg); err != nil {
			return nil, err
		}
	}
	metrics, err := hsadminprom.New(p.Metrics)
	if err != nil {
		return nil, err
	}
	realms, err := realm.New(hsadmin.Config{
		Hooks:       []any{metrics, hsadminotel.New(p.Traces, service.Propagator())},
		Log:         p.Log,
		BaseURL:     cfg.URL,
		Credentials: hsadmin.Credentials{CertFile: cfg.ClientCert, KeyFile: cfg.ClientKey, CAFile: cfg.CA},
	})
	if err != nil {
		return nil, err
	}
	failure, attempts := cfg.failure()
	registries, err := events.Registries(usecase.New(realms, p.Events, p.Log, attempts))
	if err != nil {
		realms.Close()
		return nil, err
	}
	svc.Consumers = []service.Consumer{{Group: p.Name, Registries: registries, Failure: failure}}
	svc.Loops = append(svc.Loops, service.Loop{Name: "realms", Run: func(ctx context.Context) error {
		<-ctx.Done()
		realms.Close()
		return nil
	}})
	return svc, nil
}

// embeddedRealm is the one realm of the embedded backend; all providers share it.
const embeddedRealm = "homesecure"

// embed starts a backend in this process and points the configuration at it.
func embed(svc *service.Service, cfg *Config) error {
	backend, err := hsbackend.Open(filepath.Join(svc.Platform.Dir, "homesecure"), []string{embeddedRealm})
	if err != nil {
		return fmt.Errorf("rsadaptor: embedded backend: %w", err)
	}
	cfg.URL = strings.ReplaceAll(backend.URL, realm.Placeholder, embeddedRealm)
	cfg.ClientCert, cfg.ClientKey, cfg.CA = backend.Credentials.CertFile, backend.Credentials.KeyFile, backend.Credentials.CAFile
	svc.Platform.Log.Info("HSADMIN_URL is not set: documents go to a backend in this process", "url", cfg.URL)
	svc.Loops = append(svc.Loops, service.Loop{Name: "homesecure", Run: func(ctx context.Context) error {
		return errors.Join(backend.Run(ctx), backend.Close())
	}})
	return nil
}
