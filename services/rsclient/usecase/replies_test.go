package usecase_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/usecase"
)

// meddler is a table in whose writes something else happens first.
type meddler[T any] struct {
	usecase.Table[T]
	meddle func()
}

func (m meddler[T]) Upsert(ctx context.Context, id string,
	change func(*T, bool) ([]*eventbus.Message, error),
) (docstore.Document[T], error) {
	m.meddle()
	return m.Table.Upsert(ctx, id, change)
}

// requests is what a task of the given type yields.
func (f *fixture) requests(taskType string, payload any) []asynctask.Request {
	f.t.Helper()
	raw, err := json.Marshal(payload)
	require.NoError(f.t, err)
	cfg := usecase.SyncConfig{BulkSize: 2, Bulks: 2, Window: 10, Timeout: time.Minute, Attempts: 2}
	for _, d := range usecase.Definitions(f.tables, cfg) {
		if d.Type != taskType {
			continue
		}
		var all []asynctask.Request
		for r, err := range d.Steps[0].Requests(f.t.Context(), asynctask.Task{ID: "T_1", Payload: raw}) {
			require.NoError(f.t, err)
			all = append(all, r)
		}
		return all
	}
	f.t.Fatalf("no task %s", taskType)
	return nil
}

// answer hands rsadaptor's reply to a request to its use case.
func (f *fixture) answer(r asynctask.Request, step, status string, when time.Time) {
	f.t.Helper()
	reply := rsevent.Reply{RequestID: asynctask.RequestID("T_1", step, r.Name), Status: status}
	if status == rsevent.StatusFailed {
		reply.Error = &rsevent.ReplyError{Code: "invalid_document"}
	}
	do := f.replies.Device
	if step == "system" {
		do = f.replies.Settings
	}
	f.ok(do(f.t.Context(), reply, &eventbus.Message{EventType: r.EventType + "Reply", Timestamp: when}))
}

func (f *fixture) view(id string) usecase.View {
	f.t.Helper()
	view, err := f.viewer.Device(f.t.Context(), isp, "a1", id)
	require.NoError(f.t, err)
	return view
}

func TestReplyConfirmsWhatWasSent(t *testing.T) {
	f := newFixture(t)
	f.ok(f.SaveAccount(t.Context(), account(), f.news()))
	f.ok(f.SaveDevice(t.Context(), phone(), f.news()))
	assert.Nil(t, f.view("d1").ConfirmedAt)
	f.told()
	bulk := rsevent.RSSyncAccountsBulk{ISPID: isp, AccountIDs: []string{"a1", "gone"}}
	sent := f.requests(usecase.TaskSyncAccountsBulk, bulk)
	require.Len(t, sent, 1)
	assert.Equal(t, "a1", sent[0].Key)

	f.answer(sent[0], "devices", rsevent.StatusOK, time.UnixMilli(1000))
	view := f.view("d1")
	require.NotNil(t, view.ConfirmedAt)
	assert.True(t, view.ConfirmedAt.Equal(time.UnixMilli(1000)))
	assert.True(t, view.Current)
	assert.Empty(t, f.told(), "nothing to correct")

	f.answer(sent[0], "devices", rsevent.StatusFailed, time.UnixMilli(2000))
	assert.Equal(t, "invalid_document", f.view("d1").Failure.Code)
	f.answer(sent[0], "devices", rsevent.StatusOK, time.UnixMilli(3000))
	assert.Nil(t, f.view("d1").Failure)
	require.Len(t, f.tasks.dispatched, 3)
}

func TestReplyAboutChangedDeviceIsCorrected(t *testing.T) {
	bulk := rsevent.RSSyncAccountsBulk{ISPID: isp, AccountIDs: []string{"a1"}}
	tests := map[string]struct {
		change func(*fixture)
		want   []string
	}{
		"changed": {func(f *fixture) {
			f.ok(f.SaveDevice(t.Context(), phone(func(d *rsevent.Device) { d.Name = "New" }), f.news()))
		}, []string{"RSDeviceUpdated:d1"}},
		"removed":       {func(f *fixture) { f.ok(f.DeleteDevice(t.Context(), phone(), f.news())) }, []string{"RSDeviceDeleted:d1"}},
		"account ended": {func(f *fixture) { f.ok(f.DeleteAccount(t.Context(), account(), f.news())) }, []string{"RSDeviceDeleted:d1"}},
		"ISP's services": {
			func(f *fixture) { f.configure(filtering(true), f.news()) }, []string{"RSDeviceUpdated:d1"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.tasks.err = asynctask.ErrLateReply // the job was cancelled: it holds all the same
			f.ok(f.SaveAccount(t.Context(), account(), f.news()))
			f.ok(f.SaveDevice(t.Context(), phone(), f.news()))
			sent := f.requests(usecase.TaskSyncAccountsBulk, bulk)
			tt.change(f)
			f.told()
			f.answer(sent[0], "devices", rsevent.StatusOK, time.UnixMilli(1000))
			assert.Equal(t, tt.want, f.told())
		})
	}
}

func TestReplyAboutChangedSettingsIsCorrected(t *testing.T) {
	f := newFixture(t)
	sent := f.requests(usecase.TaskSyncSystem, rsevent.RSSyncSystem{ISPID: isp})
	require.Len(t, sent, 2, "settings never made are replayed as empty")
	protect(f)
	f.told()
	for _, r := range sent {
		f.answer(r, "system", rsevent.StatusOK, time.UnixMilli(1000))
	}
	assert.Equal(t, []string{rsevent.TypeRSRouterProtectionUpdated + ":"}, f.told())
}

func TestReplyThatTheTasksCannotTakeComesAgain(t *testing.T) {
	f := newFixture(t)
	f.tasks.err = errors.New("no database")
	msg := &eventbus.Message{EventType: rsevent.TypeRSSyncAccountsBulkReply}
	require.Error(t, f.replies.Bulk(t.Context(), rsevent.Reply{}, msg))
	f.tasks.err = asynctask.ErrUnknownRequest
	require.NoError(t, f.replies.Bulk(t.Context(), rsevent.Reply{}, msg))
	f.tasks.err = asynctask.ErrWrongEventType
	assert.True(t, eventbus.IsPermanent(f.replies.Bulk(t.Context(), rsevent.Reply{}, msg)))
}

func TestEveryAccountIsInOneBulk(t *testing.T) {
	f := newFixture(t)
	ids := []string{"a1", "a2", "a3", "a4", "a5"}
	for _, id := range append(ids, "other") {
		a := account(func(a *rsevent.Account) { a.AccountID = id })
		if id == "other" {
			a.ISPID = "isp-2"
		}
		f.ok(f.SaveAccount(t.Context(), a, f.news()))
	}
	f.ok(f.DeleteAccount(t.Context(), account(func(a *rsevent.Account) { a.AccountID = "a2" }), f.news()))
	names, seen := map[string]bool{}, []string{}
	for _, r := range f.requests(usecase.TaskSyncAccounts, rsevent.RSSyncAccounts{ISPID: isp}) {
		bulk, ok := r.Payload.(rsevent.RSSyncAccountsBulk)
		require.True(t, ok)
		names[r.Name] = true
		seen = append(seen, bulk.AccountIDs...)
	}
	assert.Len(t, names, 2)
	assert.Equal(t, []string{"a1", "a3", "a4", "a5"}, seen)
}
