package asynctask_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
)

// A task's record holds nothing per request: at any size it stays under 4 KB,
// besides what it was started with.
func TestTaskRecordStaysSmall(t *testing.T) {
	const limit = 4 << 10
	for _, n := range []int{10, 20_000} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			d := steps(n)
			d.Steps[0].Window = -1
			w := newWorld(t, asynctask.Config{}, d)
			task := w.start("T")
			assert.Less(t, recordSize(t, w.task(task.ID)), limit, "all outstanding")
			for _, id := range w.requests() {
				answer := reply(id, "failed")
				answer.Payload = json.RawMessage(fmt.Sprintf(`{"request_id":%q,"status":"failed","error":{"code":"broken","text":%q}}`,
					id, strings.Repeat("x", 2000)))
				_, err := w.DispatchEvent(t.Context(), answer)
				require.NoError(t, err)
			}
			assert.Less(t, recordSize(t, w.task(task.ID)), limit, "all answered")
			w.sweep()
			ended := w.task(task.ID)
			assert.Equal(t, asynctask.StateFailed, ended.State)
			assert.Equal(t, int64(n), ended.Counts.Failed)
			assert.Less(t, recordSize(t, ended), limit, "ended")
		})
	}
}

func recordSize(t *testing.T, task asynctask.Task) int {
	t.Helper()
	b, err := json.Marshal(task) //nolint:musttag // only its size counts
	require.NoError(t, err)
	return len(b)
}
