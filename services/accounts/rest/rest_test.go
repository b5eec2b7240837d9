package rest_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/httpapi/httpapitest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/rest"
	"github.com/hexplane/hexplane/services/accounts/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const isp = "isp-1"

type fixture struct {
	t     *testing.T
	api   http.Handler
	store *docstore.Store
	bus   *docstoretest.Recorder
}

func newFixture(t *testing.T) *fixture {
	bus := &docstoretest.Recorder{}
	store := docstore.New(docstoretest.NewMemory(), bus, docstore.Config{})
	log := slog.New(slog.DiscardHandler)
	api := rest.New(log, usecase.New(store, usecase.Config{Log: log}))
	return &fixture{t, httpapitest.Conform(t, rest.OpenAPI, api), store, bus}
}

// do makes a call of isp-1 and demands its status.
func (f *fixture) do(status int, target, body string) httpapitest.Response {
	f.t.Helper()
	res := httpapitest.Call(f.t, f.api, target, isp, body)
	require.Equal(f.t, status, res.Status, "%s: %s", target, res.Body)
	return res
}

// events returns the types published since the last call.
func (f *fixture) events() []string {
	f.t.Helper()
	require.NoError(f.t, f.store.Flush(f.t.Context()))
	var types []string
	for _, m := range f.bus.Take() {
		types = append(types, m.EventType)
		assert.Equal(f.t, rsevent.TopicProvision, m.Topic)
		assert.Equal(f.t, "a1", m.Key)
	}
	return types
}

const (
	account = `{"account_id":"a1","name":"Familie Weber","products":["RouterSecure"]}`
	user    = `{"user_id":"u1","name":"Käthe"}`
	phone   = `{"device_id":"d1","user_id":"u1","kind":"device","name":"手机","mac":"a4:83:e7:00:00:01","act_rules":[{"block":true}]}`
	router  = `{"device_id":"r1","kind":"router","name":"Box","mac":"a4:83:e7:00:00:02","agent":{"target":"mips"},"feature_flags":{"dpi":true}}`
)

func TestLifeOfAnAccount(t *testing.T) {
	f := newFixture(t)
	res := f.do(http.StatusCreated, "POST /accounts", account)
	assert.Equal(t, "/accounts/a1", res.Header.Get("Location"))
	assert.JSONEq(t, `{"account_id":"a1","isp_id":"isp-1","name":"Familie Weber","status":"active","products":["RouterSecure"]}`, res.Body)
	f.do(http.StatusConflict, "POST /accounts", account)
	f.do(http.StatusCreated, "POST /accounts/a1/users", user)
	f.do(http.StatusCreated, "POST /accounts/a1/devices", phone)
	f.do(http.StatusCreated, "POST /accounts/a1/devices", router)
	f.do(http.StatusConflict, "POST /accounts/a1/devices", router)
	assert.Equal(t, []string{"AccountCreated", "UserCreated", "DeviceCreated", "DeviceCreated"}, f.events())

	res = f.do(http.StatusOK, "PATCH /accounts/a1", `{"status":"suspended"}`)
	assert.Contains(t, res.Body, `"suspended"`)
	f.do(http.StatusOK, "PATCH /accounts/a1", `{"status":"suspended"}`)
	f.do(http.StatusOK, "PATCH /accounts/a1/users/u1", `{"services":{"threat_protection":{"enabled":true}}}`)
	res = f.do(http.StatusOK, "PATCH /accounts/a1/devices/d1", `{"user_id":null,"hostname":"h"}`)
	assert.NotContains(t, res.Body, "user_id")
	assert.Equal(t, []string{"AccountUpdated", "UserUpdated", "DeviceUpdated"}, f.events(), "an equal patch is no event")

	f.do(http.StatusNoContent, "DELETE /accounts/a1/users/u1", "")
	f.do(http.StatusNotFound, "DELETE /accounts/a1/users/u1", "")
	f.do(http.StatusNoContent, "DELETE /accounts/a1/devices/d1", "")
	f.do(http.StatusNotFound, "GET /accounts/a1/devices/d1", "")
	f.do(http.StatusNoContent, "DELETE /accounts/a1", "")
	f.do(http.StatusNotFound, "GET /accounts/a1", "")
	f.do(http.StatusNotFound, "DELETE /accounts/a1", "")
	f.do(http.StatusNotFound, "POST /accounts/a1/users", user)
	assert.Equal(t, []string{"UserDeleted", "DeviceDeleted", "DeviceDeleted", "AccountDeleted"}, f.events())

	f.do(http.StatusCreated, "POST /accounts", account)
	assert.Equal(t, []string{"AccountCreated"}, f.events(), "a deleted id may be used again")
}

func TestIDsAreGenerated(t *testing.T) {
	f := newFixture(t)
	var created rsevent.Account
	res := f.do(http.StatusCreated, "POST /accounts", `{"name":"x"}`)
	require.NoError(t, json.Unmarshal([]byte(res.Body), &created))
	assert.Len(t, created.AccountID, 36)
	f.do(http.StatusCreated, "POST "+res.Header.Get("Location")+"/users", `{"name":"x"}`)
}

func TestRepeatedCreationIsAnsweredLikeTheFirst(t *testing.T) {
	f := newFixture(t)
	post := func(path, key, body string) httpapitest.Response {
		return httpapitest.Call(t, f.api, "POST "+path, isp, body, "Idempotency-Key", key)
	}
	f.do(http.StatusCreated, "POST /accounts", account)
	f.do(http.StatusCreated, "POST /accounts/a1/users", user)
	f.events()
	for path, body := range map[string]string{
		"/accounts/a1/users":   `{"name":"x"}`,
		"/accounts/a1/devices": `{"kind":"device","name":"x","mac":"a4:83:e7:00:00:01","user_id":"u1","product_data":{"RouterSecure":{"status":{"is_new":true}}}}`,
	} {
		first, again := post(path, "k", body), post(path, "k", body)
		assert.Equal(t, http.StatusCreated, first.Status, first.Body)
		assert.Equal(t, first, again)
		assert.Len(t, f.events(), 1)
		other := post(path, "l", body)
		assert.Equal(t, http.StatusCreated, other.Status)
		assert.NotEqual(t, first.Header.Get("Location"), other.Header.Get("Location"))
		assert.Len(t, f.events(), 1)
	}
	assert.Equal(t, http.StatusCreated, post("/accounts", "k", account).Status)
	assert.Equal(t, http.StatusConflict, post("/accounts", "k", `{"account_id":"a1","name":"another"}`).Status)
	assert.Equal(t, http.StatusConflict, post("/accounts/a1/users", "k", `{"user_id":"u1","name":"another"}`).Status)
	assert.Equal(t, http.StatusCreated, post("/accounts/a1/users", "k", user).Status)
	assert.Empty(t, f.events())
}

func TestListsPage(t *testing.T) {
	f := newFixture(t)
	f.do(http.StatusCreated, "POST /accounts", account)
	for i := range 5 {
		f.do(http.StatusCreated, "POST /accounts/a1/users", fmt.Sprintf(`{"user_id":"u%d","name":"n"}`, i))
	}
	var ids []string
	after := ""
	for range 3 {
		res := f.do(http.StatusOK, "GET /accounts/a1/users?limit=2&after="+after, "")
		var list httpapi.List[rsevent.User]
		require.NoError(t, json.Unmarshal([]byte(res.Body), &list))
		for _, u := range list.Items {
			ids = append(ids, u.UserID)
		}
		after = list.Next
	}
	assert.Equal(t, []string{"u0", "u1", "u2", "u3", "u4"}, ids)
	assert.Empty(t, after)
	f.do(http.StatusBadRequest, "GET /accounts/a1/devices?limit=0", "")
	f.do(http.StatusBadRequest, "GET /accounts?after=!", "")
	assert.JSONEq(t, `{"items":[]}`, f.do(http.StatusOK, "GET /accounts/a1/devices", "").Body)
}

func TestAnotherProviderSeesNothing(t *testing.T) {
	f := newFixture(t)
	f.do(http.StatusCreated, "POST /accounts", account)
	f.do(http.StatusCreated, "POST /accounts/a1/users", user)
	f.do(http.StatusCreated, "POST /accounts/a1/devices", phone)
	f.events()
	for target, body := range map[string]string{
		"GET /accounts/a1": "", "PATCH /accounts/a1": `{"name":"x"}`, "DELETE /accounts/a1": "",
		"POST /accounts/a1/users": `{"name":"x"}`, "GET /accounts/a1/users": "", "GET /accounts/a1/users/u1": "",
		"PATCH /accounts/a1/users/u1": `{"name":"x"}`, "DELETE /accounts/a1/users/u1": "",
		"POST /accounts/a1/devices": router, "GET /accounts/a1/devices": "", "GET /accounts/a1/devices/d1": "",
		"PATCH /accounts/a1/devices/d1": `{"name":"x"}`, "DELETE /accounts/a1/devices/d1": "",
	} {
		assert.Equal(t, http.StatusNotFound, httpapitest.Call(t, f.api, target, "isp-2", body).Status, target)
	}
	assert.JSONEq(t, `{"items":[]}`, httpapitest.Call(t, f.api, "GET /accounts", "isp-2", "").Body)
	assert.Empty(t, f.events())
}

func TestIDsOfAnotherAccountAreUnknown(t *testing.T) {
	f := newFixture(t)
	f.do(http.StatusCreated, "POST /accounts", account)
	f.do(http.StatusCreated, "POST /accounts", `{"account_id":"a2","name":"x"}`)
	f.do(http.StatusCreated, "POST /accounts/a1/users", user)
	f.do(http.StatusCreated, "POST /accounts/a1/devices", phone)
	for _, target := range []string{"GET /accounts/a2/users/u1", "DELETE /accounts/a2/users/u1", "GET /accounts/a2/devices/d1", "DELETE /accounts/a2/devices/d1"} {
		f.do(http.StatusNotFound, target, "")
	}
	f.do(http.StatusNotFound, "PATCH /accounts/a2/devices/d1", `{"name":"x"}`)
	f.do(http.StatusNotFound, "PATCH /accounts/a2/users/u1", `{"name":"x"}`)
}
