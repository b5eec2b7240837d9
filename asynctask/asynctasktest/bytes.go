package asynctasktest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

// testBytes bounds what is admitted and claimed by the payloads: of 40, 9, 9, 9, 40
// and 9 bytes.
func testBytes(t *testing.T, f *fixture) {
	task := f.started("a")
	recs := f.requests(task, 6)
	for i := range recs {
		recs[i].Payload = []byte(`{"n":"` + strconv.Itoa(i) + `"}`)
		if i%4 == 0 {
			recs[i].Payload = []byte(`{"n":"` + strings.Repeat("ü", 16) + `"}`)
		}
	}
	_, err := f.InsertRequests(t.Context(), task.ID, task.Step, recs)
	require.NoError(t, err)

	a := f.admission(task, -1, 5)
	a.Bytes = 1
	for _, want := range [][]string{{"r000"}, {"r001", "r002", "r003"}, {"r004"}} {
		got, waiting, err := f.Admit(t.Context(), a)
		require.NoError(t, err)
		assert.Equal(t, want, names(got))
		assert.True(t, waiting)
		a.Bytes = 19
	}
	a.Bytes = 0
	got, _, err := f.Admit(t.Context(), a)
	require.NoError(t, err)
	assert.Equal(t, []string{"r005"}, names(got))

	got[0].NextAt = f.now // is due first
	testClaimBytes(t, f, got, len(recs))
}

func testClaimBytes(t *testing.T, f *fixture, got []asynctask.Record, all int) {
	t.Helper()
	require.NoError(t, f.Reschedule(t.Context(), got))
	claim := f.claim(f.now.Add(time.Hour), 9, "one")
	claim.Bytes = 10
	due := f.due(claim)
	assert.Contains(t, names(due), "r005")
	claimed := 0
	for ; len(due) > 0; due = f.due(claim) {
		sum, largest := 0, 0
		for _, r := range due {
			sum, largest = sum+len(r.Payload), max(largest, len(r.Payload))
		}
		assert.Less(t, sum-largest, claim.Bytes, "without the last one")
		claimed += len(due)
	}
	assert.Equal(t, all, claimed)
}
