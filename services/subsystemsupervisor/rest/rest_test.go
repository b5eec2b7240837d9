package rest_test

import (
	"log/slog"
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
	"github.com/hexplane/hexplane/services/subsystemsupervisor/events"
	"github.com/hexplane/hexplane/services/subsystemsupervisor/rest"
	"github.com/hexplane/hexplane/services/subsystemsupervisor/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheEarliestNewsOfEachProductCounts(t *testing.T) {
	store := docstore.New(docstoretest.NewMemory(), &docstoretest.Recorder{}, docstore.Config{})
	supervisor := usecase.NewSupervisor(store)
	registries, err := events.Registries(supervisor)
	require.NoError(t, err)
	api := httpapitest.Conform(t, rest.OpenAPI, rest.New(slog.New(slog.DiscardHandler), supervisor))

	news := func(product string, hour int) {
		msg, err := eventbus.NewMessage(rsevent.TopicSubsystem, rsevent.TypeProductIsInstalled, "a1",
			rsevent.ProductIsInstalled{AccountID: "a1", ISPID: "isp-1", Product: product})
		require.NoError(t, err)
		msg.Timestamp = time.Date(2030, 1, 1, hour, 0, 0, 0, time.UTC)
		require.NoError(t, registries[0].Callback.Notify(t.Context(), msg))
	}
	news("RouterSecure", 5)
	news("RouterSecure", 7)
	news("RouterSecure", 3)
	news("Other", 9)
	res := httpapitest.Call(t, api, "GET /accounts/a1/products", "isp-1", "")
	assert.JSONEq(t, `{"account_id":"a1","products":{"RouterSecure":"2030-01-01T03:00:00Z","Other":"2030-01-01T09:00:00Z"}}`, res.Body)
	res = httpapitest.Call(t, api, "GET /accounts/a1/products", "isp-2", "")
	assert.JSONEq(t, `{"account_id":"a1","products":{}}`, res.Body, "another provider sees nothing")
}
