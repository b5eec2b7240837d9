package usecase_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsagents/domain"
	"github.com/hexplane/hexplane/services/rsagents/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const isp = "isp-1"

// lateTasks takes every reply as one of a cancelled job.
type lateTasks struct{}

func (lateTasks) DispatchEvent(context.Context, *eventbus.Message) (asynctask.Result, error) {
	return asynctask.Result{}, asynctask.ErrLateReply
}

// free says that nobody refers to any package.
type free struct{}

func (free) Release(context.Context, string, string) error { return nil }

type fixture struct {
	t        *testing.T
	docs     *docstore.Store
	bus      *docstoretest.Recorder
	catalogs *docstore.Collection[domain.Catalog]
	packages *usecase.Packages
	replies  *usecase.Replies
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{t: t, bus: &docstoretest.Recorder{}}
	f.docs = docstore.New(docstoretest.NewMemory(), f.bus, docstore.Config{})
	f.catalogs = docstore.NewCollection[domain.Catalog](f.docs, "catalogs")
	f.packages = usecase.NewPackages(f.catalogs, free{}, time.Now)
	f.replies = usecase.NewReplies(f.catalogs, lateTasks{}, f.bus)
	for _, id := range []string{"p1", "p2", "p3"} {
		p := usecase.Package{AgentPackage: rsevent.AgentPackage{
			AgentPackageID: id, ISPID: isp, Target: "mips", Version: "1.0.0", URL: "https://isp.example/agent",
			SHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Size: 1, CreatedAt: time.UnixMilli(1).UTC(),
		}, Default: id == "p1"}
		_, err := f.packages.Create(t.Context(), p, false)
		require.NoError(t, err)
	}
	f.told()
	return f
}

func (f *fixture) told() []string {
	f.t.Helper()
	require.NoError(f.t, f.docs.Flush(f.t.Context()))
	defer f.bus.Take()
	return f.bus.Types()
}

func (f *fixture) update(id, patch string) {
	f.t.Helper()
	_, err := f.packages.Update(f.t.Context(), isp, id, []byte(patch))
	require.NoError(f.t, err)
}

// requests yields what the steps of a task ask for, by step.
func (f *fixture) requests(taskType string, payload any) map[string][]asynctask.Request {
	f.t.Helper()
	raw, err := json.Marshal(payload)
	require.NoError(f.t, err)
	all := map[string][]asynctask.Request{}
	for _, d := range usecase.Definitions(f.catalogs, usecase.SyncConfig{BulkSize: 2, Timeout: time.Minute, Attempts: 1}) {
		if d.Type != taskType {
			continue
		}
		for _, step := range d.Steps {
			for r, err := range step.Requests(f.t.Context(), asynctask.Task{ID: "T_1", Payload: raw}) {
				require.NoError(f.t, err)
				all[step.Name] = append(all[step.Name], r)
			}
		}
	}
	return all
}

func (f *fixture) answer(do func(context.Context, rsevent.Reply, *eventbus.Message) error, r asynctask.Request) []string {
	f.t.Helper()
	reply := rsevent.Reply{RequestID: asynctask.RequestID("T_1", "step", r.Name), Status: rsevent.StatusOK}
	require.NoError(f.t, do(f.t.Context(), reply, &eventbus.Message{}))
	return f.told()
}

func TestSyncReplaysTheCatalog(t *testing.T) {
	f := newFixture(t)
	steps := f.requests(usecase.TaskSyncAgentPackages, rsevent.RSSyncAgentPackages{ISPID: isp})
	require.Len(t, steps["bulks"], 2)
	require.Len(t, steps["versions"], 1)
	require.Len(t, steps["defaults"], 1)
	assert.Equal(t, []string{isp, isp}, []string{steps["versions"][0].Key, steps["defaults"][0].Key})
	bulk := steps["bulks"][0].Payload
	assert.Equal(t, rsevent.RSSyncAgentPackagesBulk{ISPID: isp, AgentPackageIDs: []string{"p1", "p2"}}, bulk)

	require.NoError(t, f.packages.Delete(t.Context(), isp, "p2"))
	packages := f.requests(usecase.TaskSyncAgentPackagesBulk, bulk)["packages"]
	require.Len(t, packages, 1, "one that is gone is left out")
	assert.Equal(t, "p1", packages[0].Key)

	empty := f.requests(usecase.TaskSyncAgentPackages, rsevent.RSSyncAgentPackages{ISPID: "isp-2"})
	assert.Empty(t, empty["bulks"])
	raw, err := json.Marshal(empty["versions"][0].Payload)
	require.NoError(t, err)
	assert.JSONEq(t, `{"isp_id":"isp-2","packages":[]}`, string(raw))
}

func TestReplyAboutAChangedCatalogIsCorrected(t *testing.T) {
	f := newFixture(t)
	steps := f.requests(usecase.TaskSyncAgentPackages, rsevent.RSSyncAgentPackages{ISPID: isp})
	packages := f.requests(usecase.TaskSyncAgentPackagesBulk, steps["bulks"][0].Payload)["packages"]
	versions, defaults := steps["versions"][0], steps["defaults"][0]
	assert.Empty(t, f.answer(f.replies.Package, packages[0]))
	assert.Empty(t, f.answer(f.replies.Versions, versions))
	assert.Empty(t, f.answer(f.replies.Defaults, defaults))

	f.update("p2", `{"version":"2.0.0","default":true}`)
	f.told()
	assert.Empty(t, f.answer(f.replies.Package, packages[0]), "it did not change")
	assert.Equal(t, []string{rsevent.TypeRSAgentPackageCreated}, f.answer(f.replies.Package, packages[1]))
	assert.Equal(t, []string{rsevent.TypeRSAgentsUpdated}, f.answer(f.replies.Versions, versions))
	assert.Equal(t, []string{rsevent.TypeRSDefaultAgentsUpdated}, f.answer(f.replies.Defaults, defaults))
	require.NoError(t, f.packages.Delete(t.Context(), isp, "p1"))
	f.told()
	assert.Empty(t, f.answer(f.replies.Package, packages[0]), "one that is gone")
}

func TestCorrectionThatCannotBeToldComesAgain(t *testing.T) {
	f := newFixture(t)
	versions := f.requests(usecase.TaskSyncAgentPackages, rsevent.RSSyncAgentPackages{ISPID: isp})["versions"][0]
	f.update("p2", `{"version":"2.0.0"}`)
	f.told()
	f.bus.FailWith(errors.New("no broker"))
	reply := rsevent.Reply{RequestID: asynctask.RequestID("T_1", "versions", versions.Name), Status: rsevent.StatusOK}
	require.Error(t, f.replies.Versions(t.Context(), reply, &eventbus.Message{}))
}
