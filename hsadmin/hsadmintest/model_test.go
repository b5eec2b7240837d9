package hsadmintest_test

import (
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

// model is what a backend should hold, as plain maps.
type model struct {
	backend *hsadmintest.Backend
	devices map[string]string
	routers map[string]bool
	flags   map[string]bool
}

func document(id, name string) string {
	return strings.NewReplacer("dev-1", id, "TV", name).Replace(deviceJSON)
}

func routerOf(id string) string {
	return strings.Replace(document(id, "Router"), `"is_iot":false,"act_rules":[]`, `"enabled":true,"identifiers":[]`, 1)
}

func ids() *rapid.Generator[string] { return rapid.SampledFrom([]string{"a", "b", "c"}) }

func (m *model) expect(t *rapid.T, status int, method, path, body string) {
	if got := call(m.backend, method, path, body).Code; got != status {
		t.Fatalf("%s %s answered %d, not %d", method, path, got, status)
	}
}

func (m *model) CreateDevice(t *rapid.T) {
	id := ids().Draw(t, "id")
	status := http.StatusConflict
	if _, exists := m.devices[id]; !exists {
		status, m.devices[id] = http.StatusCreated, "created"
	}
	m.expect(t, status, "POST", "/devices", document(id, "created"))
}

func (m *model) PutDevice(t *rapid.T) {
	id := ids().Draw(t, "id")
	m.devices[id] = "put"
	m.expect(t, http.StatusNoContent, "PUT", "/devices/"+id, document(id, "put"))
}

func (m *model) DeleteDevice(t *rapid.T) {
	id := ids().Draw(t, "id")
	status := http.StatusNotFound
	if _, exists := m.devices[id]; exists {
		status = http.StatusNoContent
	}
	delete(m.devices, id)
	m.expect(t, status, "DELETE", "/devices/"+id, "")
}

func (m *model) PutRouter(t *rapid.T) {
	id := ids().Draw(t, "id")
	m.routers[id] = true
	m.expect(t, http.StatusNoContent, "PUT", "/routers/"+id, routerOf(id))
}

func (m *model) PutFlags(t *rapid.T) {
	id := ids().Draw(t, "id")
	status := http.StatusNotFound
	if m.routers[id] {
		status, m.flags[id] = http.StatusNoContent, true
	}
	m.expect(t, status, "PUT", "/routers/"+id+"/feature-flags", `{"wpa3":true}`)
}

func (m *model) DeleteRouter(t *rapid.T) {
	id := ids().Draw(t, "id")
	status := http.StatusNotFound
	if m.routers[id] {
		status = http.StatusNoContent
	}
	delete(m.routers, id)
	delete(m.flags, id)
	m.expect(t, status, "DELETE", "/routers/"+id, "")
}

func (m *model) Wipe(*rapid.T) {
	m.backend.Wipe()
	clear(m.devices)
	clear(m.routers)
	clear(m.flags)
}

// Check is called after every step.
func (m *model) Check(t *rapid.T) {
	state := m.backend.State()
	if len(state["devices"]) != len(m.devices) || len(state["routers"]) != len(m.routers) || len(state["feature-flags"]) != len(m.flags) {
		t.Fatalf("the backend holds %v where the model holds %v", state, m)
	}
	for id, name := range m.devices {
		if !strings.Contains(string(state["devices"][id]), name) {
			t.Fatalf("device %s was not %s", id, name)
		}
	}
}

func TestBackendBehavesAsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{
			backend: hsadmintest.New(hsadmintest.Options{}),
			devices: map[string]string{}, routers: map[string]bool{}, flags: map[string]bool{},
		}
		t.Repeat(rapid.StateMachineActions(m))
	})
}
