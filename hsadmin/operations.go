package hsadmin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Document is what the backend keeps, as canonical JSON. The documents of
// rsmodels implement it.
type Document interface {
	// Kind and ID place the document: "devices", "routers", "feature-flags",
	// "agent-packages" or "system".
	Kind() string
	ID() string
	// JSON is the body to send.
	JSON() string
}

const (
	kindDevices       = "devices"
	kindRouters       = "routers"
	kindFeatureFlags  = "feature-flags"
	kindAgentPackages = "agent-packages"
	kindSystem        = "system"
)

// resource is where documents of a kind are found.
type resource struct{ prefix, suffix, pattern string }

func resourceOf(kind, id string) (resource, bool) {
	switch kind {
	case kindDevices:
		return resource{"/devices/", "", "/devices/{device_id}"}, true
	case kindRouters:
		return resource{"/routers/", "", "/routers/{router_id}"}, true
	case kindFeatureFlags:
		return resource{"/routers/", "/feature-flags", "/routers/{router_id}/feature-flags"}, true
	case kindAgentPackages:
		return resource{"/agent-packages/", "", "/agent-packages/{agent_package_id}"}, true
	case kindSystem:
		return resource{"/system/", "", "/system/" + id}, true
	}
	return resource{}, false
}

// PutRequest is the request that writes a document, for [Client.Send] and
// batches. It fails with [ErrInvalid] for a zero document or an unknown kind.
func PutRequest(doc Document) (Request, error) {
	at, ok := resourceOf(doc.Kind(), doc.ID())
	if !ok || doc.ID() == "" || doc.JSON() == "" {
		return Request{}, fmt.Errorf("%w: %q is no kind of document to put, or the document is empty", ErrInvalid, doc.Kind())
	}
	return Request{
		Method: http.MethodPut, Path: at.prefix + url.PathEscape(doc.ID()) + at.suffix,
		Operation: "PUT " + at.pattern, Body: doc.JSON(),
	}, nil
}

// DeleteRequest is the request that deletes the document of a kind and id.
func DeleteRequest(kind, id string) (Request, error) {
	at, ok := resourceOf(kind, id)
	if !ok || id == "" || kind == kindSystem || kind == kindFeatureFlags {
		return Request{}, fmt.Errorf("%w: %q is no kind of document to delete, or the id is empty", ErrInvalid, kind)
	}
	return Request{Method: http.MethodDelete, Path: at.prefix + url.PathEscape(id), Operation: "DELETE " + at.pattern}, nil
}

// Status is what the backend says of itself.
type Status struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

// Status asks the backend how it is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	resp, err := c.Send(ctx, Request{Method: http.MethodGet, Path: "/status", Operation: "GET /status"})
	if err != nil {
		return Status{}, err
	}
	var status Status
	return status, resp.Decode(&status)
}

// CreateDevice posts a device's document. It fails with [ErrConflict] when the
// device exists.
func (c *Client) CreateDevice(ctx context.Context, doc Document) error {
	if doc.Kind() != kindDevices || doc.JSON() == "" {
		return fmt.Errorf("%w: %q is no device's document", ErrInvalid, doc.Kind())
	}
	_, err := c.Send(ctx, Request{Method: http.MethodPost, Path: "/devices", Operation: "POST /devices", Body: doc.JSON()})
	return err
}

// Put writes a document of any kind, whether it exists or not. Feature flags
// fail with [ErrNotFound] when their router does not exist.
func (c *Client) Put(ctx context.Context, doc Document) error {
	req, err := PutRequest(doc)
	if err != nil {
		return err
	}
	_, err = c.Send(ctx, req)
	return err
}

func (c *Client) put(ctx context.Context, doc Document, kind, id string) error {
	if doc.Kind() != kind || (id != "" && doc.ID() != id) {
		return fmt.Errorf("%w: a document of %s/%s where %s/%s belongs", ErrInvalid, doc.Kind(), doc.ID(), kind, id)
	}
	return c.Put(ctx, doc)
}

func (c *Client) delete(ctx context.Context, kind, id string) error {
	req, err := DeleteRequest(kind, id)
	if err != nil {
		return err
	}
	_, err = c.Send(ctx, req)
	return err
}

// PutDevice writes a device's document.
func (c *Client) PutDevice(ctx context.Context, doc Document) error {
	return c.put(ctx, doc, kindDevices, "")
}

// DeleteDevice deletes a device. It fails with [ErrNotFound] when there is none.
func (c *Client) DeleteDevice(ctx context.Context, deviceID string) error {
	return c.delete(ctx, kindDevices, deviceID)
}

// PutRouter writes a router's document.
func (c *Client) PutRouter(ctx context.Context, doc Document) error {
	return c.put(ctx, doc, kindRouters, "")
}

// DeleteRouter deletes a router and its feature flags. It fails with
// [ErrNotFound] when there is none.
func (c *Client) DeleteRouter(ctx context.Context, routerID string) error {
	return c.delete(ctx, kindRouters, routerID)
}

// PutFeatureFlags writes all feature flags of a router. It fails with
// [ErrNotFound] when there is no such router.
func (c *Client) PutFeatureFlags(ctx context.Context, doc Document) error {
	return c.put(ctx, doc, kindFeatureFlags, "")
}

// PutAgentPackage writes an agent package's document.
func (c *Client) PutAgentPackage(ctx context.Context, doc Document) error {
	return c.put(ctx, doc, kindAgentPackages, "")
}

// DeleteAgentPackage deletes an agent package. It fails with [ErrNotFound] when
// there is none.
func (c *Client) DeleteAgentPackage(ctx context.Context, agentPackageID string) error {
	return c.delete(ctx, kindAgentPackages, agentPackageID)
}

// PutRouterDNS writes the DNS servers that routers may use.
func (c *Client) PutRouterDNS(ctx context.Context, doc Document) error {
	return c.put(ctx, doc, kindSystem, "router-dns")
}

// PutRouterAllowedIP writes the addresses that are never blocked.
func (c *Client) PutRouterAllowedIP(ctx context.Context, doc Document) error {
	return c.put(ctx, doc, kindSystem, "router-allowed-ip")
}

// PutGeneral writes the general settings.
func (c *Client) PutGeneral(ctx context.Context, doc Document) error {
	return c.put(ctx, doc, kindSystem, "general")
}

// PutAgentVersions writes the list of all agent packages.
func (c *Client) PutAgentVersions(ctx context.Context, doc Document) error {
	return c.put(ctx, doc, kindSystem, "agent-versions")
}

// PutAgentDefault writes which agent package runs where nothing else is said.
func (c *Client) PutAgentDefault(ctx context.Context, doc Document) error {
	return c.put(ctx, doc, kindSystem, "agent-default")
}
