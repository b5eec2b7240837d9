// Package rest is the public REST interface: it authenticates, limits and hands on.
// openapi.yaml describes it; the services describe their documents in detail, under
// /openapi/<service>.yaml.
//
// A request never reaches a service unless its bearer key is known. The header that
// tells services the provider is the gateway's alone: what a caller sends is removed.
package rest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/services/gatewayisp/usecase"
)

// OpenAPI is the interface's description, an OpenAPI 3.0 document.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Config is what the interface needs.
type Config struct {
	Upstreams Upstreams
	Keys      *usecase.Keys
	Repeats   *usecase.Repeats
	Limits    *Limits
	Transport http.RoundTripper // how services are reached
	Log       *slog.Logger
}

type gateway struct {
	cfg     Config
	proxies map[upstream]*httputil.ReverseProxy
}

// New returns the REST interface. It fails when an upstream is not a URL.
func New(cfg Config) (http.Handler, error) {
	g := &gateway{cfg: cfg, proxies: map[upstream]*httputil.ReverseProxy{}}
	for name, base := range cfg.Upstreams.all() {
		target, err := url.Parse(base)
		if err != nil || target.Host == "" {
			return nil, fmt.Errorf("gatewayisp: %q is not the URL of %s", base, name)
		}
		g.proxies[name] = g.proxy(name, target)
	}
	api := httpapi.New(cfg.Log)
	api.Document(OpenAPI)
	api.HandleAny("GET /openapi/{document}", g.document)
	for _, route := range routes {
		api.HandleAny(route.pattern, g.forward(route.to))
	}
	return api, nil
}

// ispKey is the context key of the authenticated provider.
type ispKey struct{}

// forward returns the handler of a public route.
func (g *gateway) forward(to upstream) httpapi.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		isp, err := g.authenticate(w, r)
		if err != nil {
			return err
		}
		if err := g.cfg.Limits.admit(w, isp); err != nil {
			return err
		}
		r = r.WithContext(context.WithValue(r.Context(), ispKey{}, isp))
		key := r.Header.Get("Idempotency-Key")
		if key == "" || r.Method != http.MethodPost {
			g.proxies[to].ServeHTTP(w, r)
			return nil
		}
		return g.repeatable(w, r, to, isp, key)
	}
}

// authenticate returns the provider whose key the request carries.
func (g *gateway) authenticate(w http.ResponseWriter, r *http.Request) (string, error) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || key == "" {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return "", httpapi.NewProblem(http.StatusUnauthorized, "a bearer key is required")
	}
	isp, err := g.cfg.Keys.Authenticate(r.Context(), strings.TrimSpace(key))
	if errors.Is(err, usecase.ErrUnknownKey) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		return "", httpapi.NewProblem(http.StatusUnauthorized, "the key is not known")
	}
	return isp, err
}

// document publishes the services' own descriptions.
func (g *gateway) document(w http.ResponseWriter, r *http.Request) error {
	name, ok := strings.CutSuffix(r.PathValue("document"), ".yaml")
	proxy, known := g.proxies[upstream(name)]
	if !ok || !known {
		return httpapi.NewProblem(http.StatusNotFound, "there is no such document")
	}
	r.URL.Path, r.URL.RawPath = "/openapi.yaml", ""
	proxy.ServeHTTP(w, r)
	return nil
}
