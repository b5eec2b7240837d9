package hsadmintest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

const routerJSON = `{"device":{"device_id":"rtr-1","account_id":"acc-1","isp_id":"isp-1","mac":"3c:a6:2f:00:11:22","hostname":"","name":"Box"},` +
	`"services":{"content_filtering":{"enabled":false,"blocking_page_url":""},"threat_protection":{"enabled":false,"blocking_page_url":""}},"enabled":true,"identifiers":[]}`

func TestChangesRestoreABackend(t *testing.T) {
	var changes []hsadmintest.Change
	backend := hsadmintest.New(hsadmintest.Options{Changed: func(c hsadmintest.Change) { changes = append(changes, c) }})
	sameAfterRestore := func() {
		t.Helper()
		restored := hsadmintest.New(hsadmintest.Options{Changed: func(hsadmintest.Change) { t.Error("Restore told of a change") }})
		for _, change := range changes {
			require.NoError(t, restored.Restore(change))
		}
		assert.Equal(t, backend.State(), restored.State())
	}

	for _, step := range []struct{ method, path, body string }{
		{"POST", "/devices", deviceJSON},
		{"PUT", "/routers/rtr-1", routerJSON},
		{"PUT", "/routers/rtr-1/feature-flags", `{"wpa3":true}`},
		{"PUT", "/system/general", `{"anything":[1,2]}`},
		{"DELETE", "/routers/rtr-1", ""},
		{"DELETE", "/devices/dev-1", ""},
		{"PUT", "/devices/dev-1", deviceJSON},
	} {
		answer := call(backend, step.method, step.path, step.body)
		require.Less(t, answer.Code, http.StatusBadRequest, "%s %s", step.method, step.path)
		sameAfterRestore()
	}
	backend.Wipe()
	sameAfterRestore()
}

func TestWhatIsRefusedChangesNothing(t *testing.T) {
	backend := hsadmintest.New(hsadmintest.Options{Changed: func(hsadmintest.Change) { t.Error("a change was told") }})
	call(backend, "PUT", "/devices/dev-2", deviceJSON)
	call(backend, "DELETE", "/devices/dev-1", "")
	call(backend, "PUT", "/routers/rtr-1/feature-flags", `{"wpa3":true}`)
	assert.Error(t, backend.Restore(hsadmintest.Change{Kind: "devices", ID: "dev-2", Document: []byte(deviceJSON)}))
	assert.Error(t, backend.Restore(hsadmintest.Change{Kind: "toasters", ID: "t"}))
}
