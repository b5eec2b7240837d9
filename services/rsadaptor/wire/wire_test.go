package wire_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsadaptor/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	soon = time.Minute
	tick = 5 * time.Millisecond
)

// adaptor is rsadaptor between a bus and a backend.
type adaptor struct {
	t       *testing.T
	backend *hsadmintest.Backend
	events  *eventbus.Producer

	mu      sync.Mutex
	replies []*eventbus.Message
	dead    []*eventbus.Message
}

func newAdaptor(t *testing.T, tune ...func(*service.Platform)) *adaptor {
	backend := hsadmintest.New(hsadmintest.Options{RequireClientCertificate: true})
	server, err := hsadmintest.Serve(http.StripPrefix("/isp-1", backend))
	require.NoError(t, err)
	t.Cleanup(server.Close)
	credentials, err := server.WriteClient(t.TempDir(), "rsadaptor")
	require.NoError(t, err)
	a := wired(t, wire.Config{
		URL: server.URL + "/{isp_id}", CA: credentials.CAFile,
		ClientCert: credentials.CertFile, ClientKey: credentials.KeyFile,
	}, tune...)
	a.backend = backend
	return a
}

func wired(t *testing.T, cfg wire.Config, tune ...func(*service.Platform)) *adaptor {
	a := &adaptor{t: t}
	house := servicetest.New(t)
	platform := house.Platform("rsadaptor")
	for _, change := range tune {
		change(platform)
	}
	svc, err := wire.New(t.Context(), platform, cfg)
	require.NoError(t, err)
	house.Run(svc)
	a.events = house.Producer()
	house.Listen("replies", a.keep(&a.replies), "replies")
	house.Listen("dead", a.keep(&a.dead),
		rsevent.TopicProvision+".rsadaptor.dlq", rsevent.TopicSystemConfiguration+".rsadaptor.dlq")
	return a
}

func (a *adaptor) keep(list *[]*eventbus.Message) eventbus.CallbackFunc {
	return func(_ context.Context, msg *eventbus.Message) error {
		a.mu.Lock()
		defer a.mu.Unlock()
		*list = append(*list, msg)
		return nil
	}
}

func (a *adaptor) publish(topic, eventType, key string, payload any) {
	a.t.Helper()
	msg, err := eventbus.NewMessage(topic, eventType, key, payload)
	require.NoError(a.t, err)
	require.NoError(a.t, a.events.Publish(a.t.Context(), msg))
}

// reply waits for the reply to a request.
func (a *adaptor) reply(eventType, requestID string) rsevent.Reply {
	a.t.Helper()
	var reply rsevent.Reply
	require.Eventually(a.t, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, msg := range a.replies {
			if msg.Key == requestID && msg.EventType == eventType {
				return json.Unmarshal(msg.Payload, &reply) == nil
			}
		}
		return false
	}, soon, tick, "no reply to %s", requestID)
	return reply
}

// calls waits until just these calls were answered, in any order.
func (a *adaptor) calls(want ...string) {
	a.t.Helper()
	require.Eventually(a.t, func() bool { return a.backend.CallCount() >= len(want) }, soon, tick, "want %v", want)
	var got []string
	for _, c := range a.backend.Calls() {
		got = append(got, c.Method+" "+c.Path+" "+http.StatusText(c.Status))
	}
	assert.Equal(a.t, want, got)
}

func resolved(kind string) rsevent.ResolvedDevice {
	id := map[string]string{rsevent.KindRouter: "r1", rsevent.KindDevice: "d1"}[kind]
	return rsevent.ResolvedDevice{Device: rsevent.Device{
		DeviceID: id, AccountID: "a1", ISPID: "isp-1", Kind: kind, Name: "N", MAC: "a4:83:e7:00:00:01",
	}}
}

func flagged() rsevent.ResolvedDevice {
	r := resolved(rsevent.KindRouter)
	r.Device.FeatureFlags = map[string]bool{"dns": true}
	return r
}

func asked(id string) rsevent.Request {
	return rsevent.Request{RequestID: id, JobID: "j1", ReplyTopic: "replies"}
}

func TestEventsBecomeCalls(t *testing.T) {
	device, router := resolved(rsevent.KindDevice), resolved(rsevent.KindRouter)
	update := func(d rsevent.ResolvedDevice) any { return rsevent.RSDevice{ResolvedDevice: d} }
	type event struct {
		eventType string
		payload   any
	}
	tests := map[string]struct {
		events []event
		want   []string
	}{
		"created": {[]event{{rsevent.TypeRSDeviceCreated, update(device)}}, []string{"POST /devices Created"}},
		"created, exists": {
			[]event{{rsevent.TypeRSDeviceCreated, update(device)}, {rsevent.TypeRSDeviceCreated, update(device)}},
			[]string{"POST /devices Created", "POST /devices Conflict", "PUT /devices/d1 No Content"},
		},
		"created in a full sync": {
			[]event{{rsevent.TypeRSDeviceCreated, rsevent.RSDevice{Request: asked("q"), ResolvedDevice: device}}},
			[]string{"PUT /devices/d1 No Content"},
		},
		"updated": {[]event{{rsevent.TypeRSDeviceUpdated, update(device)}}, []string{"PUT /devices/d1 No Content"}},
		"deleted, missing": {
			[]event{{rsevent.TypeRSDeviceDeleted, update(device)}}, []string{"DELETE /devices/d1 Not Found"},
		},
		"router created": {[]event{{rsevent.TypeRSDeviceCreated, update(router)}}, []string{"PUT /routers/r1 No Content"}},
		"router with flags": {
			[]event{{rsevent.TypeRSDeviceUpdated, update(flagged())}},
			[]string{"PUT /routers/r1 No Content", "PUT /routers/r1/feature-flags No Content"},
		},
		"router deleted": {
			[]event{{rsevent.TypeRSDeviceCreated, update(router)}, {rsevent.TypeRSDeviceDeleted, update(router)}},
			[]string{"PUT /routers/r1 No Content", "DELETE /routers/r1 No Content"},
		},
		"flags": {
			[]event{{rsevent.TypeRSDeviceCreated, update(router)}, {rsevent.TypeRSCustomFlagsUpdated, rsevent.RSCustomFlagsUpdated{
				DeviceID: "r1", AccountID: "a1", ISPID: "isp-1", FeatureFlags: map[string]bool{},
			}}}, []string{"PUT /routers/r1 No Content", "PUT /routers/r1/feature-flags No Content"},
		},
		"intervals": {
			[]event{{rsevent.TypeRSRouterUploadIntervalsUpdated, rsevent.RSRouterUploadIntervalsUpdated{ResolvedDevice: router}}},
			[]string{"PUT /routers/r1 No Content"},
		},
		"action": {[]event{{rsevent.TypeRSDeviceAction, rsevent.RSDeviceAction{
			DeviceID: "d1", AccountID: "a1", Kind: rsevent.KindDevice, Action: rsevent.ActionBlock, Device: &device.Device,
		}}}, []string{"PUT /devices/d1 No Content"}},
		"user": {[]event{{rsevent.TypeRSUserUpdated, rsevent.RSUserUpdated{
			User: rsevent.User{UserID: "u1", AccountID: "a1", Name: "N"}, Devices: []rsevent.ResolvedDevice{device, router},
		}}}, []string{"PUT /devices/d1 No Content", "PUT /routers/r1 No Content"}},
		"what is not for us": {[]event{
			{rsevent.TypeDeviceCreated, device.Device}, {rsevent.TypeRSDeviceUpdated, update(device)},
		}, []string{"PUT /devices/d1 No Content"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAdaptor(t)
			for _, e := range tt.events {
				a.publish(rsevent.TopicProvision, e.eventType, "a1", e.payload)
			}
			a.calls(tt.want...)
		})
	}
}

func TestSystemEventsBecomeCalls(t *testing.T) {
	a := newAdaptor(t)
	a.publish(rsevent.TopicSystemConfiguration, rsevent.TypeRSRouterProtectionUpdated, "isp-1", rsevent.RSRouterProtectionUpdated{
		Request: asked("protection"), ISPID: "isp-1", Enabled: true, DNSAllowedList: []string{"192.0.2.1"}, AllowedList: []string{},
	})
	assert.Equal(t, rsevent.StatusOK, a.reply(rsevent.TypeRSRouterProtectionUpdatedReply, "protection").Status)
	a.publish(rsevent.TopicSystemConfiguration, rsevent.TypeRSSystemUpdated, "isp-1", rsevent.RSSystemUpdated{
		Request: asked("system"), ISPID: "isp-1", General: map[string]json.RawMessage{"x": json.RawMessage(`{"y":1}`)},
	})
	assert.Equal(t, rsevent.StatusOK, a.reply(rsevent.TypeRSSystemUpdatedReply, "system").Status)
	a.calls("PUT /system/router-dns No Content", "PUT /system/router-allowed-ip No Content", "PUT /system/general No Content")
}

func TestCallsAreTraced(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	a := newAdaptor(t, func(p *service.Platform) { p.Traces = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)) })
	a.publish(rsevent.TopicProvision, rsevent.TypeRSDeviceUpdated, "a1", rsevent.RSDevice{ResolvedDevice: resolved(rsevent.KindDevice)})
	require.Eventually(t, func() bool { return len(spans.Ended()) > 0 }, soon, tick)
	assert.Equal(t, "PUT /devices/{device_id}", spans.Ended()[0].Name())
}

func TestRefusalIsAnsweredOnce(t *testing.T) {
	a := newAdaptor(t)
	a.backend.Inject(hsadmintest.Rule{Fault: hsadmintest.Fault{Status: http.StatusUnprocessableEntity}})
	e := rsevent.RSDevice{Request: asked("q1"), ResolvedDevice: resolved(rsevent.KindDevice)}
	a.publish(rsevent.TopicProvision, rsevent.TypeRSDeviceCreated, "a1", e)
	reply := a.reply(rsevent.TypeRSDeviceCreatedReply, "q1")
	assert.Equal(t, rsevent.StatusFailed, reply.Status)
	assert.Equal(t, "j1", reply.JobID)
	assert.Equal(t, "invalid_document", reply.Error.Code)
	a.calls("PUT /devices/d1 Unprocessable Entity")
}

func TestRefusalThatNobodyWaitsForIsADeadLetter(t *testing.T) {
	a := newAdaptor(t)
	a.publish(rsevent.TopicProvision, rsevent.TypeRSCustomFlagsUpdated, "a1", rsevent.RSCustomFlagsUpdated{
		DeviceID: "none", AccountID: "a1", ISPID: "isp-1", FeatureFlags: map[string]bool{"x": true},
	})
	a.publish(rsevent.TopicProvision, rsevent.TypeRSDeviceUpdated, "a1", rsevent.RSDevice{ResolvedDevice: resolved(rsevent.KindDevice)})
	a.calls("PUT /routers/none/feature-flags Not Found", "PUT /devices/d1 No Content")
	require.Eventually(t, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.dead) == 1 && a.dead[0].EventType == rsevent.TypeRSCustomFlagsUpdated
	}, soon, tick)
}

func TestBackendThatComesBackGetsEverything(t *testing.T) {
	a := newAdaptor(t)
	a.backend.Inject(hsadmintest.Rule{Fault: hsadmintest.Fault{Status: http.StatusServiceUnavailable}})
	e := rsevent.RSDevice{Request: asked("q1"), ResolvedDevice: resolved(rsevent.KindDevice)}
	a.publish(rsevent.TopicProvision, rsevent.TypeRSDeviceCreated, "a1", e)
	require.Eventually(t, func() bool { return a.backend.CallCount() > 2 }, soon, tick)
	a.backend.Heal()
	assert.Equal(t, rsevent.StatusOK, a.reply(rsevent.TypeRSDeviceCreatedReply, "q1").Status)
}

func TestUndecodableEventIsADeadLetter(t *testing.T) {
	a := newAdaptor(t)
	a.publish(rsevent.TopicSystemConfiguration, rsevent.TypeRSSystemUpdated, "isp-1", map[string]any{"isp_id": "isp-1", "colour": 1})
	require.Eventually(t, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.dead) == 1
	}, soon, tick)
	assert.Zero(t, a.backend.CallCount())
}

func TestWithoutURLABackendIsEmbedded(t *testing.T) {
	a := wired(t, wire.Config{})
	a.publish(rsevent.TopicProvision, rsevent.TypeRSDeviceCreated, "a1",
		rsevent.RSDevice{Request: asked("q1"), ResolvedDevice: resolved(rsevent.KindDevice)})
	assert.Equal(t, rsevent.StatusOK, a.reply(rsevent.TypeRSDeviceCreatedReply, "q1").Status)
}
