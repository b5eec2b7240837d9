package sqlbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
	"github.com/hexplane/hexplane/eventbus/sqlbox"
)

// testRefused: rows that the bus takes at no time, a whole batch of them, are set
// aside; those behind are published, once.
func testRefused(t *testing.T, db *bun.DB) {
	const limit, batch = 1000, 3
	b := membus.New(membus.Config{})
	producer, err := eventbus.NewProducer(b, eventbus.ProducerConfig{MaxBytes: limit})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, producer.Close()) })
	for range batch {
		large, err := eventbus.NewMessage("orders", "Ordered", "k", make([]int, limit))
		require.NoError(t, err)
		require.NoError(t, sqlbox.Add(t.Context(), db, large))
	}
	want := []*eventbus.Message{message(t, "k", 1), message(t, "k", 2), message(t, "other", 3)}
	require.NoError(t, sqlbox.Add(t.Context(), db, want...))
	relay(t, db, producer, sqlbox.RelayConfig{Batch: batch - 1})
	require.Eventually(t, func() bool { return waiting(t, db) == 0 }, 30*time.Second, 10*time.Millisecond)

	got := make(map[string]int)
	require.NoError(t, b.Scan(t.Context(), "orders", "", func(rec *eventbus.Record) error {
		got[rec.Header("message_id")]++
		return nil
	}))
	require.Equal(t, map[string]int{want[0].ID: 1, want[1].ID: 1, want[2].ID: 1}, got)
	n, err := db.NewSelect().Table("eventbus_outbox_refused").Where("error LIKE '%too large%'").Count(context.Background())
	require.NoError(t, err)
	require.EqualValues(t, batch, n)
}
