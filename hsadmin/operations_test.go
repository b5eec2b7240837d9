package hsadmin_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/rsmodels"
)

func TestEveryOperation(t *testing.T) {
	backend, client := newBackend(t, nil)
	ctx := t.Context()
	device, router, flags := deviceDocument(t, "dev-1"), routerDocument(t, "rtr-1"), flagsDocument(t, "rtr-1")
	pkg, err := rsmodels.NewAgentPackage(packageSpec("pkg-1"))
	require.NoError(t, err)
	system := systemDocuments(t)

	status, err := client.Status(ctx)
	require.NoError(t, err)
	assert.Equal(t, "ok", status.Status)

	require.NoError(t, client.CreateDevice(ctx, device))
	require.ErrorIs(t, client.CreateDevice(ctx, device), hsadmin.ErrConflict)
	require.NoError(t, client.PutDevice(ctx, device))
	require.ErrorIs(t, client.PutFeatureFlags(ctx, flags), hsadmin.ErrNotFound)
	require.NoError(t, client.PutRouter(ctx, router))
	require.NoError(t, client.PutFeatureFlags(ctx, flags))
	require.NoError(t, client.PutAgentPackage(ctx, pkg))
	require.NoError(t, client.PutRouterDNS(ctx, system["router-dns"]))
	require.NoError(t, client.PutRouterAllowedIP(ctx, system["router-allowed-ip"]))
	require.NoError(t, client.PutGeneral(ctx, system["general"]))
	require.NoError(t, client.PutAgentVersions(ctx, system["agent-versions"]))
	require.NoError(t, client.PutAgentDefault(ctx, system["agent-default"]))

	state := backend.State()
	assert.Equal(t, device.JSON(), string(state["devices"]["dev-1"]))
	assert.Equal(t, router.JSON(), string(state["routers"]["rtr-1"]))
	assert.Equal(t, flags.JSON(), string(state["feature-flags"]["rtr-1"]))
	assert.Equal(t, pkg.JSON(), string(state["agent-packages"]["pkg-1"]))
	for id, doc := range system {
		assert.Equal(t, doc.JSON(), string(state["system"][id]))
	}

	require.NoError(t, client.DeleteDevice(ctx, "dev-1"))
	require.ErrorIs(t, client.DeleteDevice(ctx, "dev-1"), hsadmin.ErrNotFound)
	require.NoError(t, client.DeleteRouter(ctx, "rtr-1"))
	require.NoError(t, client.DeleteAgentPackage(ctx, "pkg-1"))
	assert.Zero(t, backend.Count("devices")+backend.Count("routers")+backend.Count("feature-flags")+backend.Count("agent-packages"))
}

func TestOperationsRefuseDocumentsOfAnotherKind(t *testing.T) {
	backend, client := newBackend(t, nil)
	ctx := t.Context()

	require.ErrorIs(t, client.PutRouter(ctx, deviceDocument(t, "dev-1")), hsadmin.ErrInvalid)
	require.ErrorIs(t, client.PutRouterDNS(ctx, systemDocuments(t)["general"]), hsadmin.ErrInvalid)
	require.ErrorIs(t, client.CreateDevice(ctx, routerDocument(t, "rtr-1")), hsadmin.ErrInvalid)
	require.ErrorIs(t, client.Put(ctx, rsmodels.DeviceConfiguration{}), hsadmin.ErrInvalid)
	require.ErrorIs(t, client.DeleteDevice(ctx, ""), hsadmin.ErrInvalid)
	for _, req := range []hsadmin.Request{
		{},
		{Method: "GET", Path: "status"},
		{Method: "get", Path: "/status"},
		{Method: "GET", Path: "/a b"},
		{Method: "GET", Path: "/%zz"},
		{Method: "POST", Path: "/devices", IdempotencyKey: "a\r\nX-Evil: 1"},
	} {
		_, err := client.Send(ctx, req)
		require.ErrorIs(t, err, hsadmin.ErrInvalid)
	}
	assert.Zero(t, backend.CallCount())
}

func TestErrorsSayWhatTheBackendSaid(t *testing.T) {
	_, client := newBackend(t, nil)

	_, err := client.Send(t.Context(), hsadmin.Request{
		Method: "PUT", Path: "/devices/dev-1", Operation: "PUT /devices/{device_id}", Body: `{"device":{}}`,
	})

	require.ErrorIs(t, err, hsadmin.ErrInvalid)
	var failure *hsadmin.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, 422, failure.Status)
	assert.Equal(t, "invalid_document", failure.Code)
	assert.NotEmpty(t, failure.RequestID)
	assert.Equal(t, 1, failure.Attempts)
	assert.Contains(t, failure.Fields, hsadmin.FieldError{Path: "device.device_id", Message: "required"})
	assert.Contains(t, failure.Fields, hsadmin.FieldError{Path: "services", Message: "required"})
}

func TestWithoutACertificateNothingIsAnswered(t *testing.T) {
	_, client := newBackend(t, func(cfg *hsadmin.Config) { cfg.Credentials.CertFile, cfg.Credentials.KeyFile = "", "" })

	_, err := client.Status(t.Context())

	require.ErrorIs(t, err, hsadmin.ErrUnauthorized)
}

func TestABackendOfAnotherAuthorityIsNotTrusted(t *testing.T) {
	_, client := newBackend(t, func(cfg *hsadmin.Config) { cfg.Credentials.CAFile = "" })

	_, err := client.Status(t.Context())

	require.ErrorIs(t, err, hsadmin.ErrUnauthorized)
	var failure *hsadmin.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, 1, failure.Attempts, "trying again would not help")
}

func TestNewRefusesBadConfigurations(t *testing.T) {
	for name, cfg := range map[string]hsadmin.Config{
		"no URL":              {},
		"relative URL":        {BaseURL: "/hs"},
		"URL with a password": {BaseURL: "https://me:secret@hs.example"},
		"no hook":             {BaseURL: "https://hs.example", Hooks: []any{7}},
		"missing certificate": {BaseURL: "https://hs.example", Credentials: hsadmin.Credentials{CertFile: "nowhere.crt", KeyFile: "nowhere.key"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := hsadmin.New(cfg)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}
