package rest_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/internal/httpapi/httpapitest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/notifications/events"
	"github.com/hexplane/hexplane/services/notifications/rest"
	"github.com/hexplane/hexplane/services/notifications/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

type fixture struct {
	now      time.Time
	inbox    *usecase.Inbox
	api      http.Handler
	callback eventbus.Callback
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{now: start}
	store := docstore.New(docstoretest.NewMemory(), &docstoretest.Recorder{}, docstore.Config{})
	f.inbox = usecase.NewInbox(store, 24*time.Hour, func() time.Time { return f.now })
	registries, err := events.Registries(f.inbox)
	require.NoError(t, err)
	require.Len(t, registries, 1)
	require.Equal(t, rsevent.TopicNotification, registries[0].Topic)
	f.callback = registries[0].Callback
	f.api = httpapitest.Conform(t, rest.OpenAPI, rest.New(slog.New(slog.DiscardHandler), f.inbox))
	return f
}

func (f *fixture) tell(t *testing.T, eventType, isp, device string, at time.Time, times int) {
	t.Helper()
	msg, err := eventbus.NewMessage(rsevent.TopicNotification, eventType, "a1", rsevent.DeviceNotification{
		AccountID: "a1", ISPID: isp, DeviceID: device, Timestamp: at,
	})
	require.NoError(t, err)
	for range times {
		require.NoError(t, f.callback.Notify(t.Context(), msg))
	}
}

func TestInboxIsInOrderAndWithoutDuplicates(t *testing.T) {
	f := newFixture(t)
	f.tell(t, rsevent.TypeDeviceInactiveDeleted, "isp-1", "d3", start.Add(2*time.Hour), 1)
	f.tell(t, rsevent.TypeDeviceInactiveDeleteAlert, "isp-1", "d1", start, 3)
	f.tell(t, rsevent.TypeHSDeviceNew, "isp-1", "d2", start.Add(time.Hour), 2)
	f.tell(t, rsevent.TypeHSDeviceNew, "isp-2", "d9", start, 1)

	res := httpapitest.Call(t, f.api, "GET /accounts/a1/notifications", "isp-1", "")
	require.Equal(t, http.StatusOK, res.Status)
	assert.Equal(t, 3, strings.Count(res.Body, "notification_id"))
	assert.Less(t, strings.Index(res.Body, `"device_id":"d1"`), strings.Index(res.Body, `"device_id":"d2"`))
	assert.Less(t, strings.Index(res.Body, `"device_id":"d2"`), strings.Index(res.Body, `"device_id":"d3"`))
	assert.NotContains(t, res.Body, `"d9"`, "another provider's")

	page := httpapitest.Call(t, f.api, "GET /accounts/a1/notifications?limit=2", "isp-1", "")
	assert.Contains(t, page.Body, `"next":`)
	assert.JSONEq(t, `{"items":[]}`, httpapitest.Call(t, f.api, "GET /accounts/a2/notifications", "isp-1", "").Body)
	assert.Equal(t, http.StatusUnauthorized, httpapitest.Call(t, f.api, "GET /accounts/a1/notifications", "", "").Status)
}

func TestOldNotificationsAreForgotten(t *testing.T) {
	f := newFixture(t)
	for i := range 3 {
		f.tell(t, rsevent.TypeHSDeviceNew, "isp-1", fmt.Sprintf("d%d", i), start.Add(time.Duration(i)*time.Hour), 1)
	}
	f.now = start.Add(25 * time.Hour)
	require.NoError(t, f.inbox.Forget(t.Context()))
	res := httpapitest.Call(t, f.api, "GET /accounts/a1/notifications", "isp-1", "")
	assert.Equal(t, 1, strings.Count(res.Body, "notification_id"))
	assert.Contains(t, res.Body, `"device_id":"d2"`)
}

func TestWrongPayloadIsPermanent(t *testing.T) {
	f := newFixture(t)
	msg, err := eventbus.NewMessage(rsevent.TopicNotification, rsevent.TypeHSDeviceNew, "a1", map[string]int{"account_id": 1})
	require.NoError(t, err)
	assert.True(t, eventbus.IsPermanent(f.callback.Notify(t.Context(), msg)))
}
