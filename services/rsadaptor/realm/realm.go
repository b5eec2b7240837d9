// Package realm finds the HomeSecure backend's realm of an ISP: one client for each
// base URL, made when it is first needed.
package realm

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/services/rsadaptor/usecase"
)

// Placeholder stands in a URL for the ISP.
const Placeholder = "{isp_id}"

// ErrNoISP says that an event names no ISP where the URL needs one.
var ErrNoISP = errors.New("realm: no isp_id")

// Realms makes clients of one configuration. It is safe for concurrent use.
type Realms struct {
	cfg hsadmin.Config

	mu      sync.Mutex
	clients map[string]*hsadmin.Client // by base URL
}

// New returns the realms of a configuration whose BaseURL may contain Placeholder,
// or says what is wrong with it.
func New(cfg hsadmin.Config) (*Realms, error) {
	r := &Realms{cfg: cfg, clients: map[string]*hsadmin.Client{}}
	probe, err := r.client(expand(cfg.BaseURL, "isp"))
	if err != nil {
		return nil, err
	}
	if strings.Contains(cfg.BaseURL, Placeholder) {
		probe.Close()
		r.clients = map[string]*hsadmin.Client{}
	}
	return r, nil
}

// Realm returns the ISP's realm.
func (r *Realms) Realm(ispID string) (usecase.Realm, error) {
	if ispID == "" && strings.Contains(r.cfg.BaseURL, Placeholder) {
		return nil, fmt.Errorf("%w: %w", hsadmin.ErrInvalid, ErrNoISP)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.client(expand(r.cfg.BaseURL, ispID))
}

func (r *Realms) client(base string) (*hsadmin.Client, error) {
	if client, ok := r.clients[base]; ok {
		return client, nil
	}
	cfg := r.cfg
	cfg.BaseURL = base
	client, err := hsadmin.New(cfg)
	if err != nil {
		return nil, err
	}
	r.clients[base] = client
	return client, nil
}

// Close closes all clients' connections.
func (r *Realms) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, client := range r.clients {
		client.Close()
	}
	r.clients = map[string]*hsadmin.Client{}
}

func expand(template, ispID string) string {
	return strings.ReplaceAll(template, Placeholder, url.PathEscape(ispID))
}
