// Package client asks rsclient who refers to an agent package.
package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/services/rsagents/usecase"
)

// Client calls rsclient's internal interface.
type Client struct {
	base string
	http *http.Client
}

// New returns a client of rsclient at that base URL.
func New(base string, client *http.Client) *Client { return &Client{base: base, http: client} }

// Release gives an agent package up; it returns usecase.ErrInUse when a router is
// associated with it, and usecase.ErrUnanswered when rsclient is away or in trouble.
func (c *Client) Release(ctx context.Context, ispID, packageID string) error {
	target, err := url.JoinPath(c.base, "router_agent_packages", "references", url.PathEscape(packageID))
	if err != nil {
		return fmt.Errorf("rsagents: release: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, target, nil)
	if err != nil {
		return fmt.Errorf("rsagents: release: %w", err)
	}
	req.Header.Set(httpapi.ISPHeader, ispID)
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", usecase.ErrUnanswered, err)
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode == http.StatusNoContent:
		return nil
	case res.StatusCode == http.StatusConflict:
		return usecase.ErrInUse
	case res.StatusCode >= http.StatusInternalServerError:
		return fmt.Errorf("%w: rsclient answered %s", usecase.ErrUnanswered, res.Status)
	}
	return fmt.Errorf("rsagents: release: rsclient answered %s", res.Status)
}
