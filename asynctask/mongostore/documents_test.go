package mongostore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hexplane/hexplane/asynctask"
)

// TestDocuments takes records through BSON and back, without a server.
func TestDocuments(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	tasks := []asynctask.Task{
		{ID: "T_1", Type: "T", Step: "s", State: asynctask.StateRunning, Version: 1},
		{
			ID: "T_2", Type: "T", Step: "s", State: asynctask.StateEnding, Outcome: asynctask.StateFailed,
			Error: &asynctask.ReplyError{Code: "c", Text: "t"}, JobID: "j", RequestID: "r", ReplyTopic: "topic",
			Payload: []byte(`{"a":1}`), TraceID: map[string]string{"traceparent": "x"}, Windows: map[string]int{"s": 0},
			Counts: asynctask.Counts{Total: 3, OK: 2, Failed: 1}, Deadline: at, CreatedAt: at, UpdatedAt: at, EndedAt: at,
			ExpireAt: at, NextAt: at, Sealed: true, Answered: true, Version: 9, Owner: "o",
		},
	}
	for _, want := range tasks {
		var d taskDoc
		throughBSON(t, toTaskDoc(want), &d)
		assert.Equal(t, want, d.task())
	}
	want := asynctask.Record{
		TaskID: "T_2", Step: "s", Name: "a/b", Type: "T", JobID: "j", Seq: 4, Run: 2, Topic: "topic", EventType: "E", Key: "k",
		Payload: []byte(`{}`), State: asynctask.RequestInFlight, Sent: true, SentAt: at, Attempt: 2, NextAt: at, Late: 1,
	}
	doc := toRequestDoc(want)
	want.Reply = &asynctask.Reply{
		RequestID: want.ID(), Status: asynctask.StatusOK, Counts: &asynctask.Counts{Total: 1}, EventType: "R", Timestamp: at, Payload: []byte(`{"x":1}`),
	}
	var err error
	doc.Parked, err = toParked(want.Reply)
	require.NoError(t, err)
	var d requestDoc
	throughBSON(t, doc, &d)
	assert.Equal(t, want, d.record())
}

// No name that users choose is a field's: servers before MongoDB 5 refuse some.
func TestNamesAreNotFields(t *testing.T) {
	task := asynctask.Task{TraceID: map[string]string{"$a": "b"}, Windows: map[string]int{"c.d": 1}}
	raw, err := bson.Marshal(toTaskDoc(task))
	require.NoError(t, err)
	for _, field := range []string{"trace", "windows"} {
		assert.Equal(t, bson.TypeArray, bson.Raw(raw).Lookup(field).Type, field)
	}
	var d taskDoc
	require.NoError(t, bson.Unmarshal(raw, &d))
	assert.Equal(t, task.TraceID, d.task().TraceID)
	assert.Equal(t, task.Windows, d.task().Windows)
}

func throughBSON(t *testing.T, from, to any) {
	t.Helper()
	raw, err := bson.Marshal(from)
	require.NoError(t, err)
	require.NoError(t, bson.Unmarshal(raw, to))
}
