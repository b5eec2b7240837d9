package rest_test

import (
	"context"
	"errors"
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
	"github.com/hexplane/hexplane/internal/jobprogress"
	"github.com/hexplane/hexplane/services/rssync/domain"
	"github.com/hexplane/hexplane/services/rssync/rest"
	"github.com/hexplane/hexplane/services/rssync/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const isp = "isp-1"

type remote struct{ err error }

func (r remote) Progress(context.Context, string) (jobprogress.Answer, error) {
	return jobprogress.Answer{
		Levels:   []jobprogress.Level{{Service: "there", Type: "T", Step: "s", Total: 3}},
		Failures: []jobprogress.Failure{},
	}, r.err
}

func newAPI(t *testing.T) http.Handler {
	bus := &docstoretest.Recorder{}
	docs := docstore.New(docstoretest.NewMemory(), bus, docstore.Config{})
	tables := usecase.Tables{
		Jobs: docstore.NewCollection(docs, "jobs",
			docstore.IndexBy(usecase.FieldISP, func(j domain.Job) string { return j.ISPID })),
		Slots: docstore.NewCollection[domain.Slot](docs, "slots"),
	}
	tasks, err := asynctask.NewManager(memstore.New(), bus, asynctask.Config{},
		usecase.Definition(tables.Jobs, time.Hour, time.Now))
	require.NoError(t, err)
	jobs := usecase.NewJobs(tables, tasks, time.Now,
		usecase.Remote{Name: "there", Progress: remote{}}, usecase.Remote{Name: "away", Progress: remote{errors.New("no answer")}})
	return httpapitest.Conform(t, rest.OpenAPI, rest.New(slog.New(slog.DiscardHandler), jobs))
}

func TestJobsOverREST(t *testing.T) {
	api := newAPI(t)
	call := func(want int, target, body string) httpapitest.Response {
		t.Helper()
		res := httpapitest.Call(t, api, target, isp, body)
		require.Equal(t, want, res.Status, "%s: %s", target, res.Body)
		return res
	}
	job := call(http.StatusNoContent, "POST /subsystems/rs/full-sync", "").Header.Get("Location")
	require.True(t, strings.HasPrefix(job, "/subsystems/rs/jobs/SyncAll_"), job)
	call(http.StatusConflict, "POST /subsystems/rs/full-sync", "")
	view := call(http.StatusOK, "GET "+job, "").Body
	assert.Contains(t, view, `"state":"running"`)
	assert.Contains(t, view, `"unavailable":["away"]`)
	assert.Contains(t, view, `"service":"there"`)
	assert.Contains(t, call(http.StatusOK, "GET /subsystems/rs/jobs", "").Body, `"state":"running"`)

	for name, body := range map[string]string{"action": `{"action":"pause"}`, "": `[]`, "force": `{"action":"cancel","force":true}`} {
		assert.Equal(t, []string{name}, call(http.StatusBadRequest, "POST "+job, body).Fields(t))
	}
	for _, target := range []string{"GET ", "POST "} {
		assert.Equal(t, http.StatusNotFound, httpapitest.Call(t, api, target+job, "isp-2", "").Status, "another provider's")
		call(http.StatusNotFound, target+"/subsystems/rs/jobs/none", "")
	}
	assert.JSONEq(t, `{"items":[]}`, httpapitest.Call(t, api, "GET /subsystems/rs/jobs", "isp-2", "").Body)
	other := httpapitest.Call(t, api, "POST /subsystems/rs/full-sync", "isp-2", "")
	assert.Equal(t, http.StatusNoContent, other.Status, "another provider's job runs beside it")

	call(http.StatusNoContent, "POST "+job, `{"action":"cancel"}`)
	call(http.StatusNoContent, "POST "+job, "")
	assert.Contains(t, call(http.StatusOK, "GET "+job, "").Body, `"state":"cancelling"`)
}
