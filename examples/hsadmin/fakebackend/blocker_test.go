package fakebackend_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/examples/hsadmin/fakebackend"
	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
	"github.com/hexplane/hexplane/rsmodels"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newBlocker is a blocker with a backend of its own, which fails the test on any
// call but the one that a blocker should make.
func newBlocker(t *testing.T) (*fakebackend.Blocker, *hsadmintest.Backend) {
	t.Helper()
	backend := hsadmintest.New(hsadmintest.Options{RequireClientCertificate: true})
	backend.Expect(t, "PUT /devices/{device_id}")
	server, err := hsadmintest.Serve(backend)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	credentials, err := server.WriteClient(t.TempDir(), "blocker")
	require.NoError(t, err)
	client, err := hsadmin.New(hsadmin.Config{
		BaseURL: server.URL, Credentials: credentials, Retry: hsadmin.RetryConfig{BaseDelay: time.Millisecond},
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return fakebackend.NewBlocker(client), backend
}

func device(id string) rsmodels.DeviceSpec {
	return rsmodels.DeviceSpec{DeviceBase: rsmodels.DeviceBase{Device: rsmodels.Device{
		DeviceID: id, AccountID: "acc-1", ISPID: "isp-1", MAC: "a4:83:e7:00:11:22", Name: "Console",
	}}}
}

func TestBlockWritesTheAction(t *testing.T) {
	blocker, backend := newBlocker(t)

	unblocked, err := blocker.Block(t.Context(), device("dev-1"))

	require.NoError(t, err)
	assert.Empty(t, unblocked)
	raw, ok := backend.Document(rsmodels.KindDevices, "dev-1")
	require.True(t, ok)
	var doc struct {
		Action string `json:"action"`
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	assert.Equal(t, "block", doc.Action)
}

func TestBlockRidesOutAShortOutage(t *testing.T) {
	blocker, backend := newBlocker(t)
	backend.Inject(hsadmintest.Rule{Times: 2, Fault: hsadmintest.Fault{Status: http.StatusServiceUnavailable}})
	backend.Inject(hsadmintest.Rule{Times: 1, Fault: hsadmintest.Fault{Reset: true}})

	_, err := blocker.Block(t.Context(), device("dev-1"))

	require.NoError(t, err)
	assert.Equal(t, 4, backend.CallCount())
}

func TestBlockNamesWhatItCouldNotBlock(t *testing.T) {
	blocker, backend := newBlocker(t)
	backend.Inject(hsadmintest.Rule{
		When:  func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/dev-2") },
		Fault: hsadmintest.Fault{Status: http.StatusForbidden},
	})

	unblocked, err := blocker.Block(t.Context(), device("dev-1"), device("dev-2"), device("dev-3"))

	require.ErrorIs(t, err, hsadmin.ErrUnauthorized)
	assert.Equal(t, []string{"dev-2"}, unblocked)
	assert.Equal(t, 2, backend.Count(rsmodels.KindDevices))
}
