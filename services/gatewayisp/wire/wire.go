// Package wire composes gatewayisp.
package wire

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/gatewayisp/rest"
	"github.com/hexplane/hexplane/services/gatewayisp/usecase"
)

// Config is what only gatewayisp reads from its environment.
type Config struct {
	APIKeys   service.Secret `env:"API_KEYS" desc:"isp_id=key,...: the only keys that are let in, 16 characters or more; stored hashed"`
	RateLimit int            `env:"RATE_LIMIT" envDefault:"5000" desc:"requests per second of each provider; 0: no limit"`
	Timeout   time.Duration  `env:"UPSTREAM_TIMEOUT" envDefault:"30s" desc:"longest time a service may take to begin its answer"`

	AccountsURL     string `env:"ACCOUNTS_URL" envDefault:"http://127.0.0.1:8081" desc:"base URL of accounts"`
	CustomConfigURL string `env:"CUSTOMCONFIG_URL" envDefault:"http://127.0.0.1:8082" desc:"base URL of customconfig"`
	RSClientURL     string `env:"RSCLIENT_URL" envDefault:"http://127.0.0.1:8083" desc:"base URL of rsclient"`
	RSAgentsURL     string `env:"RSAGENTS_URL" envDefault:"http://127.0.0.1:8084" desc:"base URL of rsagents"`
	RSSyncURL       string `env:"RSSYNC_URL" envDefault:"http://127.0.0.1:8085" desc:"base URL of rssync"`
}

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "gatewayisp", Summary: "is the public door: keys, limits, and the way to each service",
		HTTPAddr: "127.0.0.1:8080", AdminAddr: "127.0.0.1:9080", New: New,
	}
}

// New wires the service on a platform. Keys of API_KEYS replace those stored before;
// when it is empty, the stored ones stay.
func New(ctx context.Context, p *service.Platform, cfg Config) (*service.Service, error) {
	keys, repeats := usecase.NewKeys(p.Docs), usecase.NewRepeats(p.Docs, time.Now)
	if cfg.APIKeys != "" {
		wanted, err := parseKeys(string(cfg.APIKeys))
		if err != nil {
			return nil, err
		}
		if err := keys.Replace(ctx, wanted); err != nil {
			return nil, err
		}
	}
	handler, err := rest.New(rest.Config{
		Upstreams: rest.Upstreams{
			Accounts: cfg.AccountsURL, CustomConfig: cfg.CustomConfigURL,
			RSClient: cfg.RSClientURL, RSAgents: cfg.RSAgentsURL, RSSync: cfg.RSSyncURL,
		},
		Keys: keys, Repeats: repeats, Limits: rest.NewLimits(cfg.RateLimit),
		Transport: transport(cfg.Timeout), Log: p.Log,
	})
	if err != nil {
		return nil, err
	}
	return &service.Service{
		Platform: p,
		Handler:  handler,
		Loops:    []service.Loop{service.Every("forget old answers", time.Hour, p.Log, repeats.Forget)},
	}, nil
}

// parseKeys reads isp_id=key,... into a map from key to provider.
func parseKeys(text string) (map[string]string, error) {
	keys := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		isp, key, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok || isp == "" {
			return nil, fmt.Errorf("gatewayisp: API_KEYS: entry %d is not isp_id=key", len(keys)+1)
		}
		if other, twice := keys[key]; twice && other != isp {
			return nil, fmt.Errorf("gatewayisp: API_KEYS: %s and %s have the same key", other, isp)
		}
		keys[key] = isp
	}
	return keys, nil
}

func transport(timeout time.Duration) http.RoundTripper {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		ResponseHeaderTimeout: timeout,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       time.Minute,
	}
}
