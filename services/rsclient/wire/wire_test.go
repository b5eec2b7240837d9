package wire_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	isp  = "isp-1"
	soon = time.Minute
	tick = 5 * time.Millisecond
)

// client is rsclient with rsadaptor's and rssync's parts played by the test.
type client struct {
	t      *testing.T
	events *eventbus.Producer

	mu   sync.Mutex
	seen map[string][]*eventbus.Message // by event type
}

func newClient(t *testing.T) *client {
	house := servicetest.New(t)
	svc, err := wire.New(t.Context(), house.Platform("rsclient"), wire.Config{BulkSize: 1})
	require.NoError(t, err)
	house.Run(svc)
	c := &client{t: t, events: house.Producer(), seen: map[string][]*eventbus.Message{}}
	house.Listen("test", func(_ context.Context, msg *eventbus.Message) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen[msg.EventType] = append(c.seen[msg.EventType], msg)
		return nil
	}, rsevent.TopicProvision, rsevent.TopicSystemConfiguration, rsevent.TopicClientRequest, rsevent.TopicClientReply)
	return c
}

func (c *client) publish(topic, eventType, key string, payload any) *eventbus.Message {
	c.t.Helper()
	msg, err := eventbus.NewMessage(topic, eventType, key, payload)
	require.NoError(c.t, err)
	c.repeat(msg)
	return msg
}

func (c *client) repeat(msg *eventbus.Message) {
	c.t.Helper()
	require.NoError(c.t, c.events.Publish(c.t.Context(), msg))
}

// wait waits for n events of a type and returns them.
func (c *client) wait(eventType string, n int) []*eventbus.Message {
	c.t.Helper()
	var got []*eventbus.Message
	require.Eventually(c.t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		got = append(got[:0], c.seen[eventType]...)
		return len(got) >= n
	}, soon, tick, "%s: not %d", eventType, n)
	assert.Len(c.t, got, n, eventType)
	return got
}

func header(t *testing.T, msg *eventbus.Message) rsevent.Request {
	var h rsevent.Request
	require.NoError(t, json.Unmarshal(msg.Payload, &h))
	return h
}

func (c *client) answer(request *eventbus.Message, status string) {
	c.t.Helper()
	h := header(c.t, request)
	require.Equal(c.t, rsevent.TopicAdaptorReply, h.ReplyTopic)
	c.publish(h.ReplyTopic, rsevent.ReplyType(request.EventType), h.RequestID, rsevent.ReplyTo(h, status))
}

func (c *client) provision(accounts ...string) {
	c.t.Helper()
	for i, id := range accounts {
		c.publish(rsevent.TopicProvision, rsevent.TypeAccountCreated, id, rsevent.Account{
			AccountID: id, ISPID: isp, Name: "H", Status: rsevent.AccountActive,
		})
		c.publish(rsevent.TopicProvision, rsevent.TypeDeviceCreated, id, rsevent.Device{
			DeviceID: "d-" + id, AccountID: id, Kind: rsevent.KindDevice, Name: "N", MAC: "a4:83:e7:00:00:01",
		})
		c.wait(rsevent.TypeRSDeviceCreated, i+1)
	}
}

func jobRequest(id string) rsevent.JobRequest {
	return rsevent.JobRequest{RequestID: id, JobID: "job-" + id, ReplyTopic: rsevent.TopicClientReply}
}

func TestSyncAccountsIsAnsweredOnceHoweverOftenItIsAsked(t *testing.T) {
	c := newClient(t)
	c.provision("a1", "a2")
	request := c.publish(rsevent.TopicClientRequest, rsevent.TypeRSSyncAccounts, "q1",
		rsevent.RSSyncAccounts{JobRequest: jobRequest("q1"), ISPID: isp})
	c.repeat(request)
	for _, bulk := range c.wait(rsevent.TypeRSSyncAccountsBulk, 2) {
		assert.Equal(t, header(t, bulk).RequestID, bulk.Key)
		assert.Equal(t, "job-q1", header(t, bulk).JobID)
		c.repeat(bulk)
	}
	created := c.wait(rsevent.TypeRSDeviceCreated, 4)
	for _, request := range created[2:] {
		c.answer(request, rsevent.StatusOK)
		c.answer(request, rsevent.StatusOK)
	}
	reply := c.wait(rsevent.TypeRSSyncAccountsReply, 1)[0]
	assert.Equal(t, "q1", reply.Key)
	assert.JSONEq(t, `{"request_id":"q1","job_id":"job-q1","status":"ok","counts":{"total":2,"ok":2,"failed":0}}`, string(reply.Payload))
	c.repeat(request)
	c.publish(rsevent.TopicClientRequest, rsevent.TypeRSSyncSystem, "q2", rsevent.RSSyncSystem{JobRequest: jobRequest("q2"), ISPID: isp})
	c.wait(rsevent.TypeRSSystemUpdated, 1)
	c.wait(rsevent.TypeRSDeviceCreated, 4)
}

func TestSyncSystemReplaysSettings(t *testing.T) {
	c := newClient(t)
	c.publish(rsevent.TopicClientRequest, rsevent.TypeRSSyncSystem, "q1", rsevent.RSSyncSystem{JobRequest: jobRequest("q1"), ISPID: isp})
	system, protection := c.wait(rsevent.TypeRSSystemUpdated, 1)[0], c.wait(rsevent.TypeRSRouterProtectionUpdated, 1)[0]
	assert.Equal(t, []string{isp, isp}, []string{system.Key, protection.Key})
	c.answer(system, rsevent.StatusOK)
	h := header(t, protection)
	failed := rsevent.ReplyTo(h, rsevent.StatusFailed)
	failed.Error = &rsevent.ReplyError{Code: "invalid_document"}
	c.publish(h.ReplyTopic, rsevent.TypeRSRouterProtectionUpdatedReply, h.RequestID, failed)
	var reply rsevent.Reply
	require.NoError(t, json.Unmarshal(c.wait(rsevent.TypeRSSyncSystemReply, 1)[0].Payload, &reply))
	assert.Equal(t, rsevent.StatusFailed, reply.Status)
	assert.Equal(t, rsevent.Counts{Total: 2, OK: 1, Failed: 1}, *reply.Counts)
}

func TestCancelBeforeAndDuringTheRequests(t *testing.T) {
	c := newClient(t)
	c.provision("a1")
	c.publish(rsevent.TopicClientRequest, rsevent.TypeRSSyncAccounts, "q1", rsevent.RSSyncAccounts{JobRequest: jobRequest("q1"), ISPID: isp})
	request := c.wait(rsevent.TypeRSDeviceCreated, 2)[1]
	c.publish(rsevent.TopicClientRequest, rsevent.TypeRSCancelSync, "job-q1", rsevent.RSCancelSync{JobID: "job-q1"})
	var reply rsevent.Reply
	require.NoError(t, json.Unmarshal(c.wait(rsevent.TypeRSSyncAccountsReply, 1)[0].Payload, &reply))
	assert.Equal(t, rsevent.StatusCancelled, reply.Status)
	c.answer(request, rsevent.StatusOK) // late

	// A request of the job that comes after its cancellation sends nothing.
	late := jobRequest("q3")
	late.JobID = "job-q1"
	c.publish(rsevent.TopicClientRequest, rsevent.TypeRSSyncAccounts, "q3", rsevent.RSSyncAccounts{JobRequest: late, ISPID: isp})
	require.NoError(t, json.Unmarshal(c.wait(rsevent.TypeRSSyncAccountsReply, 2)[1].Payload, &reply))
	assert.Equal(t, rsevent.StatusCancelled, reply.Status)
	c.wait(rsevent.TypeRSDeviceCreated, 2)
}

func TestISPSettingsArePushedToEveryDevice(t *testing.T) {
	c := newClient(t)
	c.provision("a1", "a2")
	c.publish(rsevent.TopicConfiguration, rsevent.TypeISPGlobalConfigurationsUpdated, isp, rsevent.ISPGlobalConfigurations{
		ISPID: isp, Configuration: rsevent.ISPConfiguration{Services: &rsevent.Services{
			ContentFiltering: &rsevent.Service{Enabled: new(true)},
		}},
	})
	for _, msg := range c.wait(rsevent.TypeRSDeviceCreated, 4)[2:] {
		var e rsevent.RSDevice
		require.NoError(t, json.Unmarshal(msg.Payload, &e))
		assert.True(t, *e.Device.Services.ContentFiltering.Enabled)
		assert.Equal(t, e.Device.AccountID, msg.Key)
		c.answer(msg, rsevent.StatusOK)
	}
}
