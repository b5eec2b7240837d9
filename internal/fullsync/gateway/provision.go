package gateway

import (
	"context"
	"net/http"
	"net/url"

	"github.com/hexplane/hexplane/internal/fullsync/input"
)

// Provider registers the provider's own part: its configuration, router protection,
// settings and agent packages, the defaults among them.
func (c *Client) Provider(ctx context.Context, p *input.Provider) error {
	puts := []struct {
		path string
		body any
	}{
		{"/configuration", p.Configuration},
		{"/router-protection", p.RouterProtection},
		{"/lan-protection", p.LANProtection},
		{"/advanced-configuration", p.AdvancedConfiguration},
	}
	for _, put := range puts {
		if raw, ok := put.body.(interface{ MarshalJSON() ([]byte, error) }); ok {
			if text, err := raw.MarshalJSON(); err != nil || string(text) == "null" {
				continue // a setting that the provider never made
			}
		}
		if _, err := c.Do(ctx, http.MethodPut, put.path, put.body, nil); err != nil {
			return err
		}
	}
	for _, pkg := range p.AgentPackages {
		if err := c.create(ctx, "/router_agent_packages", pkg); err != nil {
			return err
		}
	}
	return nil
}

// Household creates the account, then its people, then its devices.
func (c *Client) Household(ctx context.Context, h *input.Household) error {
	if err := c.create(ctx, "/accounts", h.Account); err != nil {
		return err
	}
	account := "/accounts/" + url.PathEscape(h.Account.AccountID)
	for _, user := range h.Users {
		if err := c.create(ctx, account+"/users", user); err != nil {
			return err
		}
	}
	for _, device := range h.Devices {
		if err := c.create(ctx, account+"/devices", device); err != nil {
			return err
		}
	}
	return nil
}

// Associate makes the routers, and no others, run an agent package that is not their
// target's default.
func (c *Client) Associate(ctx context.Context, packageID string, routers []string) error {
	body := map[string][]string{"device_ids": routers}
	_, err := c.Do(ctx, http.MethodPut, "/subsystems/rs/router_agent_packages/"+url.PathEscape(packageID), body, nil)
	return err
}

// CreatedAt tells when each of the provider's agent packages was registered.
func (c *Client) CreatedAt(ctx context.Context, p *input.Provider) (map[string]string, error) {
	times := map[string]string{}
	for _, pkg := range p.AgentPackages {
		var answer struct {
			CreatedAt string `json:"created_at"`
		}
		path := "/router_agent_packages/" + url.PathEscape(pkg.AgentPackageID)
		if _, err := c.Do(ctx, http.MethodGet, path, nil, &answer); err != nil {
			return nil, err
		}
		times[pkg.AgentPackageID] = answer.CreatedAt
	}
	return times, nil
}

// create posts a resource that names its own id. One that exists already was created by
// a run that was cut off; the comparison at the end shows whether it is the same.
func (c *Client) create(ctx context.Context, path string, body any) error {
	_, err := c.Do(ctx, http.MethodPost, path, body, nil)
	if StatusOf(err) == http.StatusConflict {
		return nil
	}
	return err
}
