package rsevent_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

func TestCatalogIsCompleteAndUnambiguous(t *testing.T) {
	seen := map[[2]string]bool{}
	for _, event := range rsevent.Catalog() {
		assert.NotEmpty(t, event.Type)
		assert.NotEmpty(t, event.Topic, event.Type)
		assert.NotEmpty(t, event.Key, event.Type)
		assert.NotEmpty(t, event.From, event.Type)
		assert.NotEmpty(t, event.To, event.Type)
		assert.NotEmpty(t, event.Summary, event.Type)
		assert.NotNil(t, event.Payload, event.Type)
		id := [2]string{event.Topic, event.Type}
		assert.False(t, seen[id], "%v stands twice", id)
		seen[id] = true
	}
	for _, event := range rsevent.Catalog() {
		if _, isReply := event.Payload.(rsevent.Reply); isReply {
			assert.Contains(t, event.Type, "Reply")
		}
	}
}

func TestHeadersStandAtTheTopLevel(t *testing.T) {
	raw, err := json.Marshal(rsevent.RSDevice{
		Request:        rsevent.Request{RequestID: "t/s/1", JobID: "j", ReplyTopic: rsevent.TopicAdaptorReply},
		ResolvedDevice: rsevent.ResolvedDevice{Device: device(), TargetAgentPackage: "pkg-1"},
	})
	require.NoError(t, err)

	var got map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &got))
	for _, field := range []string{"request_id", "job_id", "reply_topic", "device", "target_agent_package"} {
		assert.Contains(t, got, field)
	}
}
