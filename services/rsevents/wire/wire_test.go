package wire_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsevents/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var at = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// fixture is rsevents between an outsider that reports and everyone who listens.
type fixture struct {
	t       *testing.T
	outside *eventbus.Producer
	heard   chan *eventbus.Message
}

func newFixture(t *testing.T) *fixture {
	house := servicetest.New(t)
	f := &fixture{t: t, outside: house.ProducerFor(eventbus.ClientExternal), heard: make(chan *eventbus.Message, 100)}
	house.Listen("test", func(_ context.Context, m *eventbus.Message) error {
		f.heard <- m
		return nil
	}, rsevent.TopicEvent, rsevent.TopicProvisionCommand, rsevent.TopicNotification, rsevent.TopicBucket)
	svc, err := wire.New(t.Context(), house.Platform("rsevents"), wire.Config{Tell: []string{rsevent.TypeHSDeviceNew}})
	require.NoError(t, err)
	house.Run(svc)
	return f
}

func (f *fixture) report(eventType string, payload any) *eventbus.Message {
	f.t.Helper()
	msg, err := eventbus.NewMessage(rsevent.TopicHSEvent, eventType, "d1", payload)
	require.NoError(f.t, err)
	require.NoError(f.t, f.outside.Publish(f.t.Context(), msg))
	return msg
}

// next returns the next message that comes of it, and demands that its payload is
// valid in the published language.
func next[T any](f *fixture, topic, eventType string) (*eventbus.Message, T) {
	f.t.Helper()
	var payload T
	select {
	case m := <-f.heard:
		require.Equal(f.t, topic, m.Topic)
		require.Equal(f.t, eventType, m.EventType)
		require.Equal(f.t, "a1", m.Key)
		require.NoError(f.t, json.Unmarshal(m.Payload, &payload))
		require.NoError(f.t, rsevent.Validate(payload))
		return m, payload
	case <-time.After(30 * time.Second):
		require.FailNow(f.t, "nothing came of it")
		return nil, payload
	}
}

func device(active *bool) rsevent.HSDeviceEvent {
	return rsevent.HSDeviceEvent{
		DeviceID: "d1", AccountID: "a1", ISPID: "isp-1", RouterID: "r1",
		MAC: "a4:83:e7:00:00:01", Hostname: "phone", Active: active, Timestamp: at,
	}
}

func TestConnected(t *testing.T) {
	f := newFixture(t)
	f.report(rsevent.TypeHSDeviceConnected, device(nil))
	_, got := next[rsevent.RSDeviceEventConnected](f, rsevent.TopicEvent, rsevent.TypeRSDeviceEventConnected)
	assert.Equal(t, rsevent.RSDeviceEventConnected{
		AccountID: "a1", ISPID: "isp-1", DeviceID: "d1", RouterID: "r1", Timestamp: at,
	}, got)
}

func TestNewDeviceIsCreatedAndTold(t *testing.T) {
	f := newFixture(t)
	f.report(rsevent.TypeHSDeviceNew, device(nil))
	seen := map[string]*eventbus.Message{}
	for range 2 {
		m := <-f.heard // two topics: in any order
		seen[m.EventType] = m
	}
	var post rsevent.PostDevice
	require.NoError(t, json.Unmarshal(seen[rsevent.TypePostDevice].Payload, &post))
	require.NoError(t, rsevent.Validate(post))
	assert.Equal(t, "phone", post.Device.Name)
	assert.Equal(t, rsevent.ProductStatus{IsNew: true, Active: true, ActiveTimestamp: &at},
		post.Device.ProductData[rsevent.ProductRouterSecure].Status)
	var told rsevent.DeviceNotification
	require.NoError(t, json.Unmarshal(seen[rsevent.TypeHSDeviceNew].Payload, &told))
	assert.Equal(t, rsevent.DeviceNotification{AccountID: "a1", ISPID: "isp-1", DeviceID: "d1", Name: "phone", Timestamp: at}, told)
}

func TestActivityIsAPatch(t *testing.T) {
	f := newFixture(t)
	f.report(rsevent.TypeHSDeviceActive, device(new(false)))
	_, got := next[rsevent.PatchDevice](f, rsevent.TopicProvisionCommand, rsevent.TypePatchDevice)
	assert.JSONEq(t, `{"product_data":{"RouterSecure":{"status":{"active":false,"active_timestamp":"2030-01-01T12:00:00Z"}}}}`,
		string(got.Patch))
}

func TestARepeatedReportHasTheSameIDs(t *testing.T) {
	f := newFixture(t)
	page := rsevent.HSWebSessionPage{DeviceID: "d1", AccountID: "a1", URL: "https://example.org/", Blocked: true, Timestamp: at}
	report := f.report(rsevent.TypeHSWebSessionPage, page)
	first, got := next[rsevent.WSPRequest](f, rsevent.TopicBucket, rsevent.TypeWSPRequest)
	assert.Equal(t, rsevent.WSPRequest{DeviceID: "d1", AccountID: "a1", URL: "https://example.org/", Blocked: true, Timestamp: at}, got)
	require.NoError(t, f.outside.Publish(t.Context(), report))
	again, _ := next[rsevent.WSPRequest](f, rsevent.TopicBucket, rsevent.TypeWSPRequest)
	assert.Equal(t, first.ID, again.ID)
	f.report(rsevent.TypeHSWebSessionPage, page)
	other, _ := next[rsevent.WSPRequest](f, rsevent.TopicBucket, rsevent.TypeWSPRequest)
	assert.NotEqual(t, first.ID, other.ID)
}

func TestIncompleteReportsAreDeadLetters(t *testing.T) {
	f := newFixture(t)
	noMAC := device(nil)
	noMAC.MAC = ""
	f.report(rsevent.TypeHSDeviceNew, noMAC)
	f.report(rsevent.TypeHSDeviceActive, device(nil))
	f.report(rsevent.TypeHSDeviceActive, device(new(true))) // the way is free for the next one
	_, got := next[rsevent.PatchDevice](f, rsevent.TopicProvisionCommand, rsevent.TypePatchDevice)
	assert.Contains(t, string(got.Patch), `"active":true`)
}
