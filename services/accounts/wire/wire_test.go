package wire_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

type fixture struct {
	t     *testing.T
	house *servicetest.House
	run   *servicetest.Running
	bus   *eventbus.Producer
	heard chan *eventbus.Message
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{t: t, house: servicetest.New(t), heard: make(chan *eventbus.Message, 100)}
	f.bus = f.house.Producer()
	f.house.Listen("test", func(_ context.Context, m *eventbus.Message) error {
		f.heard <- m
		return nil
	}, rsevent.TopicProvision, rsevent.TopicProvisionCommand+".accounts.dlq")
	f.start()
	return f
}

func (f *fixture) start() {
	f.t.Helper()
	svc, err := wire.New(f.t.Context(), f.house.Platform("accounts"), wire.Config{})
	require.NoError(f.t, err)
	f.run = f.house.Run(svc)
}

func (f *fixture) call(method, path, body string, status int) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.run.URL+path, strings.NewReader(body))
	require.NoError(f.t, err)
	req.Close = true
	req.Header.Set(httpapi.ISPHeader, "isp-1")
	res, err := http.DefaultClient.Do(req)
	require.NoError(f.t, err)
	require.NoError(f.t, res.Body.Close())
	require.Equal(f.t, status, res.StatusCode, "%s %s", method, path)
}

func (f *fixture) publish(topic, eventType string, payload any) {
	f.t.Helper()
	msg, err := eventbus.NewMessage(topic, eventType, "a1", payload)
	require.NoError(f.t, err)
	require.NoError(f.t, f.bus.Publish(f.t.Context(), msg))
}

// next returns the next event that the service published, with its payload.
func (f *fixture) next(eventType string) rsevent.Device {
	f.t.Helper()
	select {
	case m := <-f.heard:
		require.Equal(f.t, eventType, m.EventType)
		var d rsevent.Device
		_ = json.Unmarshal(m.Payload, &d)
		return d
	case <-time.After(patience):
		require.FailNow(f.t, "no event", "waiting for %s", eventType)
		return rsevent.Device{}
	}
}

func TestCommandsAndActivityFromTheRouters(t *testing.T) {
	f := newFixture(t)
	f.call(http.MethodPost, "/accounts", `{"account_id":"a1","name":"n","products":["RouterSecure"]}`, http.StatusCreated)
	f.next(rsevent.TypeAccountCreated)

	found := rsevent.Device{
		DeviceID: "d1", AccountID: "a1", Kind: rsevent.KindDevice, Name: "phone", MAC: "a4:83:e7:00:00:01",
		ProductData: map[string]rsevent.ProductData{rsevent.ProductRouterSecure: {Status: rsevent.ProductStatus{IsNew: true}}},
	}
	f.publish(rsevent.TopicProvisionCommand, rsevent.TypePostDevice, rsevent.PostDevice{Device: found})
	assert.Equal(t, "isp-1", f.next(rsevent.TypeDeviceCreated).ISPID)

	days := rsevent.ISPConfiguration{MaxInactiveDays: new(30)}
	f.publish(rsevent.TopicConfiguration, rsevent.TypeISPGlobalConfigurationsCreated,
		rsevent.ISPGlobalConfigurations{ISPID: "isp-1", Configuration: days})
	assert.NotNil(t, f.next(rsevent.TypeDeviceUpdated).Internal, "it is inactive, so it will be deleted")

	f.publish(rsevent.TopicEvent, rsevent.TypeRSDeviceEventConnected, rsevent.RSDeviceEventConnected{
		AccountID: "a1", DeviceID: "d1", Timestamp: time.Now().Add(time.Minute),
	})
	connected := f.next(rsevent.TypeDeviceUpdated)
	assert.True(t, connected.ProductData[rsevent.ProductRouterSecure].Status.Active)
	assert.Nil(t, connected.Internal)

	f.publish(rsevent.TopicProvisionCommand, rsevent.TypePatchDevice, rsevent.PatchDevice{
		AccountID: "a1", DeviceID: "d1", Patch: json.RawMessage(`{"hostname":"phone.lan"}`),
	})
	assert.Equal(t, "phone.lan", f.next(rsevent.TypeDeviceUpdated).Hostname)
}

func TestWrongCommandsAreDeadLetters(t *testing.T) {
	f := newFixture(t)
	f.call(http.MethodPost, "/accounts", `{"account_id":"a1","name":"n"}`, http.StatusCreated)
	f.next(rsevent.TypeAccountCreated)
	f.call(http.MethodPost, "/accounts/a1/devices",
		`{"device_id":"d1","kind":"device","name":"n","mac":"a4:83:e7:00:00:01"}`, http.StatusCreated)
	f.next(rsevent.TypeDeviceCreated)

	unknown := rsevent.Device{DeviceID: "d2", AccountID: "a2", Kind: rsevent.KindDevice, Name: "n", MAC: "a4:83:e7:00:00:01"}
	f.publish(rsevent.TopicProvisionCommand, rsevent.TypePostDevice, rsevent.PostDevice{Device: unknown})
	f.next(rsevent.TypePostDevice)
	for _, patch := range []string{`{"color":1}`, `[]`, `{"kind":"router"}`} {
		f.publish(rsevent.TopicProvisionCommand, rsevent.TypePatchDevice, rsevent.PatchDevice{
			AccountID: "a1", DeviceID: "d1", Patch: json.RawMessage(patch),
		})
		f.next(rsevent.TypePatchDevice)
	}
}

func TestARestartFinishesWhatWasInterrupted(t *testing.T) {
	f := newFixture(t)
	f.call(http.MethodPost, "/accounts", `{"account_id":"a1","name":"n"}`, http.StatusCreated)
	f.next(rsevent.TypeAccountCreated)
	f.run.Stop()

	// The service is down; the event waits for it.
	f.publish(rsevent.TopicProvisionCommand, rsevent.TypePostDevice, rsevent.PostDevice{Device: rsevent.Device{
		DeviceID: "d1", AccountID: "a1", Kind: rsevent.KindDevice, Name: "n", MAC: "a4:83:e7:00:00:01",
	}})
	f.start()
	assert.Equal(t, "d1", f.next(rsevent.TypeDeviceCreated).DeviceID)
	f.call(http.MethodDelete, "/accounts/a1", "", http.StatusNoContent)
	f.next(rsevent.TypeDeviceDeleted)
	f.next(rsevent.TypeAccountDeleted)
}
