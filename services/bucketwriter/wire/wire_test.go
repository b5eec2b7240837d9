package wire_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/bucketwriter/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// objects returns every file under a folder with its content.
func objects(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		out[rel] = string(data)
		return err
	}))
	return out
}

func TestPagesBecomeObjects(t *testing.T) {
	house := servicetest.New(t)
	dir := filepath.Join(t.TempDir(), "bucket")
	svc, err := wire.New(t.Context(), house.Platform("bucketwriter"), wire.Config{Dir: dir})
	require.NoError(t, err)
	house.Run(svc)
	bus := house.Producer()

	page := func(account, id string, times int) {
		msg, err := eventbus.NewMessage(rsevent.TopicBucket, rsevent.TypeWSPRequest, account, rsevent.WSPRequest{
			AccountID: account, ISPID: "isp-1", DeviceID: "d1", URL: "https://example.org/", Blocked: true,
			Timestamp: time.Date(2030, 1, 1, 23, 0, 0, 0, time.FixedZone("", -2*3600)),
		})
		require.NoError(t, err)
		msg.ID = id
		for range times {
			require.NoError(t, bus.Publish(t.Context(), msg))
		}
	}
	page("a1", "00000000-0000-4000-8000-000000000001", 3)
	page("..", "../../../etc/passwd", 1)
	page("a2", "00000000-0000-4000-8000-000000000002", 1)
	require.Eventually(t, func() bool { return len(objects(t, dir)) >= 3 }, 30*time.Second, 5*time.Millisecond)

	got := objects(t, dir)
	const first = "isp=isp-1/account=a1/day=2030-01-02/00000000-0000-4000-8000-000000000001.json"
	require.Contains(t, got, first, "the day is that of UTC")
	assert.JSONEq(t, `{"account_id":"a1","isp_id":"isp-1","device_id":"d1","url":"https://example.org/",
		"blocked":true,"timestamp":"2030-01-01T23:00:00-02:00"}`, got[first])
	entries, err := os.ReadDir(filepath.Join(dir, "isp=isp-1"))
	require.NoError(t, err)
	assert.Len(t, entries, 3, "ids that look like paths are names here")
}
