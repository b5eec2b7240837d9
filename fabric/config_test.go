package fabric

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConfigRefuses(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no cluster id":  {},
		"bad cluster id": {ClusterID: "Paris 1"},
		"bad takeover":   {ClusterID: "paris", Takeover: "steal"},
		"bad isolation":  {ClusterID: "paris", Baseline: Baseline{Isolation: "some"}},
		"bad quota":      {ClusterID: "paris", Baseline: Baseline{Quota: map[string]string{"pods": "many"}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(nil, nil, cfg)
			require.ErrorIs(t, err, ErrConfig)
		})
	}
}

func TestConfigReserved(t *testing.T) {
	cfg, err := Config{ClusterID: "paris"}.withDefaults()
	require.NoError(t, err)
	for _, name := range []string{"kube-system", "kube-x", "default", "demeter-system"} {
		require.True(t, cfg.reserved(name), name)
	}
	for _, name := range []string{"prj-a-x1y2z3", "default-1", "kubernetes"} {
		require.False(t, cfg.reserved(name), name)
	}
}

func TestPauseGrowsToItsBound(t *testing.T) {
	cfg := Config{Backoff: 100 * time.Millisecond, MaxBackoff: time.Second}
	require.Equal(t, 100*time.Millisecond, cfg.pause(1))
	require.Equal(t, 400*time.Millisecond, cfg.pause(3))
	require.Equal(t, time.Second, cfg.pause(1000))
}

func TestARepairThatIsUndoneAgainAndAgainSlowsDown(t *testing.T) {
	cfg := Config{Backoff: 100 * time.Millisecond, MaxBackoff: time.Second}
	d, e, now := &Daemon{cfg: cfg}, &entry{}, time.Unix(1000, 0)
	for range 5 {
		e.noteRepair(now, time.Minute)
		require.Zero(t, d.patience(e))
	}
	e.noteRepair(now, time.Minute)
	require.Equal(t, 100*time.Millisecond, d.patience(e))
	for range 20 {
		e.noteRepair(now, time.Minute)
	}
	require.Equal(t, time.Second, d.patience(e))
	e.noteRepair(now.Add(2*time.Minute), time.Minute)
	require.Zero(t, d.patience(e), "after some calm it is repaired at once")
}

func TestQueueTakesEachProjectOnceAtItsTime(t *testing.T) {
	q := newQueue()
	q.add("later", time.Hour)
	q.add("now", time.Hour)
	q.add("now", 0)
	q.add("now", 0)
	id, ok := q.next(t.Context())
	require.True(t, ok)
	require.Equal(t, "now", id)
	id, sleep := q.take()
	require.Empty(t, id)
	require.Positive(t, sleep)
}

func TestRecordNames(t *testing.T) {
	require.Equal(t, "project-abc", recordName("abc"))
	require.Regexp(t, `^project-x[0-9a-f]{32}$`, recordName("Not A Name"))
	require.NotEqual(t, recordName("Not A Name"), recordName("not a name "))
}
