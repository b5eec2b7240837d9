package rest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/memstore"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/internal/httpapi/httpapitest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsagents/domain"
	"github.com/hexplane/hexplane/services/rsagents/rest"
	"github.com/hexplane/hexplane/services/rsagents/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const isp = "isp-1"

// references plays rsclient.
type references struct {
	err      error
	released []string
}

func (r *references) Release(_ context.Context, ispID, packageID string) error {
	r.released = append(r.released, ispID+"/"+packageID)
	return r.err
}

type fixture struct {
	t          *testing.T
	api        http.Handler
	docs       *docstore.Store
	bus        *docstoretest.Recorder
	references *references
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{t: t, bus: &docstoretest.Recorder{}, references: &references{}}
	f.docs = docstore.New(docstoretest.NewMemory(), f.bus, docstore.Config{})
	catalogs := docstore.NewCollection[domain.Catalog](f.docs, "catalogs")
	now := func() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 600, time.UTC) }
	tasks, err := asynctask.NewManager(memstore.New(), f.bus, asynctask.Config{},
		usecase.Definitions(catalogs, usecase.SyncConfig{BulkSize: 1, Timeout: time.Minute, Attempts: 1})...)
	require.NoError(t, err)
	api := rest.New(slog.New(slog.DiscardHandler), usecase.NewPackages(catalogs, f.references, now), tasks)
	f.api = httpapitest.Conform(t, rest.OpenAPI, api)
	return f
}

func (f *fixture) call(want int, target, body string) httpapitest.Response {
	f.t.Helper()
	res := httpapitest.Call(f.t, f.api, target, isp, body)
	require.Equal(f.t, want, res.Status, "%s: %s", target, res.Body)
	return res
}

// told takes what was published, as "type key".
func (f *fixture) told() []string {
	f.t.Helper()
	require.NoError(f.t, f.docs.Flush(f.t.Context()))
	list := []string{}
	for _, m := range f.bus.Take() {
		require.Equal(f.t, rsevent.TopicAgent, m.Topic)
		list = append(list, m.EventType+" "+m.Key)
	}
	return list
}

const (
	post = "POST /router_agent_packages"
	one  = "/router_agent_packages/p1"
)

func pkg(id, more string) string {
	return fmt.Sprintf(`{"agent_package_id":%q,"target":"mips","version":"1.2.3","url":"https://isp.example/agent",`+
		`"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":17%s}`, id, more)
}

func TestLifeOfAPackage(t *testing.T) {
	f := newFixture(t)
	res := f.call(http.StatusCreated, post, pkg("p1", ""))
	assert.Equal(t, one, res.Header.Get("Location"))
	want := pkg("p1", `,"isp_id":"isp-1","created_at":"2030-01-02T03:04:05Z","default":false`)
	assert.JSONEq(t, want, res.Body)
	assert.Equal(t, []string{"RSAgentPackageCreated p1", "RSAgentsUpdated isp-1"}, f.told())
	f.call(http.StatusConflict, post, pkg("p1", ""))
	f.call(http.StatusCreated, post, pkg("p2", `,"default":true`))
	assert.Equal(t, []string{"RSAgentPackageCreated p2", "RSAgentsUpdated isp-1", "RSDefaultAgentsUpdated isp-1"}, f.told())
	assert.JSONEq(t, want, f.call(http.StatusOK, "GET "+one, "").Body)

	f.call(http.StatusOK, "PATCH "+one, `{"default":true}`)
	assert.Equal(t, []string{"RSDefaultAgentsUpdated isp-1"}, f.told())
	assert.Contains(t, f.call(http.StatusOK, "GET /router_agent_packages/p2", "").Body, `"default":false`)
	f.call(http.StatusOK, "PATCH "+one, `{"version":"1.2.4"}`)
	assert.Equal(t, []string{"RSAgentPackageCreated p1", "RSAgentsUpdated isp-1"}, f.told())
	f.call(http.StatusOK, "PATCH "+one, `{"version":"1.2.4"}`)
	assert.Empty(t, f.told(), "the same again")

	page := f.call(http.StatusOK, "GET /router_agent_packages?limit=1", "").Body
	assert.Contains(t, page, `"p1"`)
	assert.NotContains(t, page, `"p2"`)
	assert.Contains(t, page, `"next"`)
	assert.JSONEq(t, `{"items":[]}`, httpapitest.Call(t, f.api, "GET /router_agent_packages", "isp-2", "").Body)
	assert.JSONEq(t, `{"levels":[],"failures":[]}`, f.call(http.StatusOK, "GET /jobs/none/progress", "").Body)
}

func TestRepeatedRegistrationIsAnsweredLikeTheFirst(t *testing.T) {
	f := newFixture(t)
	register := func(key, body string) httpapitest.Response {
		return httpapitest.Call(t, f.api, post, isp, body, "Idempotency-Key", key)
	}
	for name, body := range map[string]string{"named": pkg("p1", ""), "unnamed": strings.Replace(pkg("", ""), `"agent_package_id":"",`, "", 1)} {
		first, again := register(name, body), register(name, body)
		assert.Equal(t, http.StatusCreated, first.Status, first.Body)
		assert.Equal(t, first, again)
		assert.Len(t, f.told(), 2, "of one package")
	}
	assert.Equal(t, http.StatusConflict, register("named", strings.Replace(pkg("p1", ""), "1.2.3", "1.2.4", 1)).Status, "another package of that id")
	f.call(http.StatusConflict, post, pkg("p1", ""))
	assert.Empty(t, f.told())
}

func TestDeleteAsksWhoRefersToThePackage(t *testing.T) {
	f := newFixture(t)
	f.call(http.StatusCreated, post, pkg("p1", `,"default":true`))
	f.call(http.StatusConflict, "DELETE "+one, "")
	assert.Empty(t, f.references.released, "a default is not given up")
	f.call(http.StatusOK, "PATCH "+one, `{"default":false}`)
	f.told()

	f.references.err = usecase.ErrInUse
	f.call(http.StatusConflict, "DELETE "+one, "")
	f.references.err = fmt.Errorf("%w: connection refused", usecase.ErrUnanswered)
	assert.Contains(t, f.call(http.StatusServiceUnavailable, "DELETE "+one, "").Body, "was not deleted, try again later")
	f.references.err = errors.New("rsclient answers nonsense")
	f.call(http.StatusInternalServerError, "DELETE "+one, "")
	f.call(http.StatusOK, "GET "+one, "")
	assert.Empty(t, f.told(), "nothing has changed")
	f.references.err = nil
	f.call(http.StatusNoContent, "DELETE "+one, "")
	assert.Equal(t, []string{"RSAgentsUpdated isp-1"}, f.told())
	assert.Equal(t, "isp-1/p1", f.references.released[0])
	f.call(http.StatusNotFound, "GET "+one, "")
	f.call(http.StatusNotFound, "DELETE "+one, "")
	f.call(http.StatusNotFound, "PATCH "+one, `{"size":1}`)
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		target, body string
		fields       []string
	}{
		"nothing":             {post, `{}`, []string{"target", "version", "url", "sha256", "size"}},
		"unknown field":       {post, pkg("p2", `,"color":1`), []string{"color"}},
		"another provider":    {post, pkg("p2", `,"isp_id":"isp-2"`), []string{"isp_id"}},
		"id with a slash":     {post, pkg("p/2", ""), []string{"agent_package_id"}},
		"wrong type":          {post, pkg("p2", `,"default":"yes"`), []string{"default"}},
		"patched target":      {"PATCH " + one, `{"target":"arm"}`, []string{"target"}},
		"patched id":          {"PATCH " + one, `{"agent_package_id":"p2"}`, []string{"agent_package_id"}},
		"patched creation":    {"PATCH " + one, `{"created_at":"2030-01-01T00:00:00Z"}`, []string{"created_at"}},
		"patched: bad":        {"PATCH " + one, `{"sha256":"x"}`, []string{"sha256"}},
		"patched: unknown":    {"PATCH " + one, `{"color":null}`, []string{"color"}},
		"page of what":        {"GET /router_agent_packages?limit=0", ``, []string{"limit"}},
		"cursor of what":      {"GET /router_agent_packages?after=%25", ``, []string{"after"}},
		"patched to the past": {"PATCH " + one, `{"version":null}`, []string{"version"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.call(http.StatusCreated, post, pkg("p1", ""))
			f.told()
			assert.Equal(t, tt.fields, f.call(http.StatusBadRequest, tt.target, tt.body).Fields(t))
			assert.Empty(t, f.told())
		})
	}
}
