//go:build integration

package mongostore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/mongostore"
	"github.com/hexplane/hexplane/internal/realservers"
)

// overtaken is a store that pauses once after its first command of a name, while
// another does something, and that other.
func overtaken(t *testing.T, command string, meanwhile func(other *mongostore.Store)) (slow, other *mongostore.Store) {
	t.Helper()
	uri, name := realservers.Mongo(t), fmt.Sprintf("asynctask_test_%d", time.Now().UnixNano())
	paused := false
	monitor := &event.CommandMonitor{Succeeded: func(_ context.Context, e *event.CommandSucceededEvent) {
		if e.CommandName == command && !paused {
			paused = true
			meanwhile(other)
		}
	}}
	stores := [2]*mongostore.Store{}
	for i, opts := range []*options.ClientOptions{options.Client(), options.Client().SetMonitor(monitor)} {
		client, err := mongo.Connect(opts.ApplyURI(uri))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, client.Disconnect(context.Background())) })
		stores[i], err = mongostore.New(t.Context(), client.Database(name))
		require.NoError(t, err)
	}
	other = stores[0]
	return stores[1], other
}

var running = asynctask.Task{ID: "T_1", Type: "T", Step: "s", State: asynctask.StateRunning, JobID: "j", Version: 1}

func request(name string, seq, run int64) asynctask.Record {
	return asynctask.Record{TaskID: "T_1", Step: "s", Name: name, Type: "T", JobID: "j", Seq: seq, Run: run, Payload: []byte("{}")}
}

// A fan-out stands still after an insert while another stores the same request and
// seals the step: that request stays, and what only the slow one knows goes.
func TestOvertakenFanOutTakesBackOnlyWhatNobodyElseStored(t *testing.T) {
	slow, other := overtaken(t, "insert", func(other *mongostore.Store) {
		_, err := other.InsertRequests(t.Context(), "T_1", "s", []asynctask.Record{request("both", 0, 2)})
		assert.NoError(t, err)
		sealed := running
		sealed.Sealed = true
		_, err = other.UpdateTask(t.Context(), sealed)
		assert.NoError(t, err)
	})
	_, _, err := other.InsertTask(t.Context(), running)
	require.NoError(t, err)
	_, err = slow.InsertRequests(t.Context(), "T_1", "s", []asynctask.Record{request("both", 0, 1), request("gone", 1, 1)})
	require.ErrorIs(t, err, asynctask.ErrNotRunning)
	admitted, _, err := other.Admit(t.Context(), asynctask.Admission{TaskID: "T_1", Step: "s", Window: -3, Limit: 9, Now: time.Now(), Until: time.Now()})
	require.NoError(t, err)
	require.Len(t, admitted, 1)
	assert.Equal(t, "both", admitted[0].Name)
	tally, err := other.Tally(t.Context(), "T_1", "s")
	require.NoError(t, err)
	assert.Equal(t, int64(1), tally.Total)
}

// A reply stands still after it closed the last request while the step is counted.
func TestOvertakenReplyIsCountedOnce(t *testing.T) {
	slow, other := overtaken(t, "findAndModify", func(other *mongostore.Store) {
		_, err := other.Tally(t.Context(), "T_1", "s")
		assert.NoError(t, err)
	})
	_, _, err := other.InsertTask(t.Context(), running)
	require.NoError(t, err)
	_, err = other.InsertRequests(t.Context(), "T_1", "s", []asynctask.Record{request("r", 0, 1)})
	require.NoError(t, err)
	_, _, err = other.Admit(t.Context(), asynctask.Admission{TaskID: "T_1", Step: "s", Window: 1, Limit: 1, Now: time.Now(), Until: time.Now()})
	require.NoError(t, err)
	_, err = slow.CloseRequests(t.Context(), []asynctask.Closing{{TaskID: "T_1", Step: "s", Name: "r", State: asynctask.RequestOK}})
	require.NoError(t, err)
	levels, err := other.Progress(t.Context(), "j")
	require.NoError(t, err)
	assert.Equal(t, []asynctask.Level{{Type: "T", Step: "s", Tasks: 1, Growing: 1, Total: 1, OK: 1}}, levels)
}
