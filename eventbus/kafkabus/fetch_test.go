package kafkabus

import (
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// TestScanPassesNothingOver: whatever a broker sends, a scan goes on with the first
// offset that it has not seen.
func TestScanPassesNothingOver(t *testing.T) {
	const from, end = 10, 20
	batch := func(first int64, deltas ...int64) *sarama.Records {
		b := &sarama.RecordBatch{FirstOffset: first}
		for _, d := range deltas {
			b.Records, b.LastOffsetDelta = append(b.Records, &sarama.Record{OffsetDelta: d}), int32(d)
		}
		return &sarama.Records{RecordBatch: b}
	}
	partial := func(first int64) *sarama.Records {
		return &sarama.Records{RecordBatch: &sarama.RecordBatch{FirstOffset: first, LastOffsetDelta: 5, PartialTrailingRecord: true}}
	}
	control := batch(10, 0)
	control.RecordBatch.Control = true
	for what, test := range map[string]struct {
		sent     []*sarama.Records
		throttle time.Duration
		high     int64
		seen     []int64
		next     int64
		err      string
	}{
		"nothing, or a batch become empty":    {next: 11, high: end},
		"nothing, because of a quota":         {next: 10, high: end, throttle: time.Second},
		"nothing, of a leader that is behind": {next: 10, high: 12},
		"one that began before":               {sent: []*sarama.Records{batch(8, 0, 1, 2, 3)}, seen: []int64{10, 11}, next: 12, high: end},
		"one that ends later":                 {sent: []*sarama.Records{batch(18, 0, 1, 2, 3)}, seen: []int64{18, 19}, next: 22, high: 30},
		"one with gaps":                       {sent: []*sarama.Records{batch(10, 1, 4)}, seen: []int64{11, 14}, next: 15, high: end},
		"two with a gap":                      {sent: []*sarama.Records{batch(10, 0), batch(15, 0)}, seen: []int64{10, 15}, next: 16, high: end},
		"the mark of a transaction":           {sent: []*sarama.Records{control}, next: 11, high: end},
		"a part, behind one become empty":     {sent: []*sarama.Records{partial(14)}, next: 14, high: end},
		"a part":                              {sent: []*sarama.Records{partial(10)}, next: 10, high: end, err: "a part of offset 10"},
		"the old format":                      {sent: []*sarama.Records{{MsgSet: &sarama.MessageSet{}}}, next: 10, high: end, err: "before Kafka 0.11"},
	} {
		t.Run(what, func(t *testing.T) {
			var seen []int64
			r := reading{topic: "topic", next: from, visit: func(rec *eventbus.Record) error {
				seen = append(seen, rec.Offset)
				return nil
			}}
			resp := &sarama.FetchResponse{ThrottleTime: test.throttle}
			err := r.answer(resp, &sarama.FetchResponseBlock{RecordsSet: test.sent, HighWaterMarkOffset: test.high}, end)
			if test.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.err)
			}
			require.Equal(t, test.seen, seen)
			require.Equal(t, test.next, r.next)
		})
	}
}
