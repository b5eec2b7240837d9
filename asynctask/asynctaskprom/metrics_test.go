package asynctaskprom_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/asynctaskprom"
)

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m, err := asynctaskprom.New(reg)
	require.NoError(t, err)
	_, err = asynctaskprom.New(reg)
	require.Error(t, err, "twice")
	for _, o := range []asynctask.Observation{
		{Kind: asynctask.TaskStarted, Type: "T"},
		{Kind: asynctask.TaskEnded, Type: "T", State: asynctask.StateCompleted, Duration: time.Second},
		{Kind: asynctask.RequestPublished, Type: "T", Step: "s"},
		{Kind: asynctask.RequestReplied, Type: "T", Step: "s", Status: asynctask.StatusOK, Duration: time.Millisecond},
		{Kind: asynctask.RequestTimedOut, Type: "T", Step: "s"},
		{Kind: asynctask.ReplyLate},
		{Kind: asynctask.ReplyLate},
		{Kind: asynctask.ReplyDuplicate},
		{Kind: asynctask.ReplyUnknown},
		{Kind: asynctask.Swept, Count: 7},
		{Kind: asynctask.StepUnfinished, Type: "T", Step: "s", Count: 3, Open: 40, Known: true},
		{Kind: asynctask.Erred, Type: "T", Step: "s"},
		{Kind: asynctask.RequestRefused, Type: "T", Step: "s"},
		{Kind: asynctask.ReplyRefused, Type: "T", Step: "s"},
	} {
		m.Observe(o)
	}
	assert.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP asynctask_open_requests Open requests of unfinished tasks, in the whole store.
# TYPE asynctask_open_requests gauge
asynctask_open_requests{step="s",type="T"} 40
# HELP asynctask_replies_discarded_total Replies discarded: duplicate, late or unknown.
# TYPE asynctask_replies_discarded_total counter
asynctask_replies_discarded_total{reason="duplicate"} 1
asynctask_replies_discarded_total{reason="late"} 2
asynctask_replies_discarded_total{reason="unknown"} 1
# HELP asynctask_refused_total Requests, and replies to tasks' requesters, that the bus would never take.
# TYPE asynctask_refused_total counter
asynctask_refused_total{step="s",type="T",what="reply"} 1
asynctask_refused_total{step="s",type="T",what="request"} 1
# HELP asynctask_swept_total Due tasks and requests taken up.
# TYPE asynctask_swept_total counter
asynctask_swept_total 7
`), "asynctask_open_requests", "asynctask_replies_discarded_total", "asynctask_refused_total", "asynctask_swept_total"))
	n, err := testutil.GatherAndCount(reg)
	require.NoError(t, err)
	assert.Equal(t, 16, n)
}
