package eventbustest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// scans reports whether the transport under test can be scanned.
func scans(t *testing.T, h Harness) bool {
	t.Helper()
	_, scanner := h.Transport(t).(eventbus.Scanner)
	return scanner
}

// scan returns what a scan visits, until visit has an error.
func (f *fixture) scan(ctx context.Context, group string, visit func(*eventbus.Record) error) ([]*eventbus.Record, error) {
	f.t.Helper()
	scanner, ok := f.h.Transport(f.t).(eventbus.Scanner)
	require.True(f.t, ok)
	var recs []*eventbus.Record
	err := scanner.Scan(ctx, f.topic, group, func(rec *eventbus.Record) error {
		recs = append(recs, rec)
		return visit(rec)
	})
	return recs, err
}

func (f *fixture) scanAll(group string) []*eventbus.Record {
	f.t.Helper()
	recs, err := f.scan(f.context(), group, func(*eventbus.Record) error { return nil })
	require.NoError(f.t, err)
	return recs
}

// testScan: a scan visits every record once, in the order of its partition and as it
// was published, and none that is published while it goes on.
func testScan(t *testing.T, h Harness) {
	const keys, each = 7, 40
	f := newFixture(t, h)
	require.Empty(t, f.scanAll(""), "a topic that does not exist")
	if lister, ok := h.Transport(t).(eventbus.TopicLister); ok {
		topics, err := lister.Topics(f.context())
		require.NoError(t, err)
		require.NotContains(t, topics, f.topic, "a scan makes no topic")
	}
	producer := f.producer()
	var msgs []*eventbus.Message
	for n := range keys * each {
		msgs = append(msgs, f.message(fmt.Sprint("key-", n%keys), n/keys))
	}
	f.publish(producer, msgs...)
	recs, err := f.scan(f.context(), "", func(*eventbus.Record) error {
		return producer.Publish(f.context(), f.message("later", 0))
	})
	require.NoError(t, err)
	require.Len(t, recs, keys*each)
	next, after := make(map[string]int), make(map[int32]int64)
	for _, rec := range recs {
		require.Equal(t, f.topic, rec.Topic)
		msg, err := eventbus.JSONSerializer{}.Unmarshal(rec)
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(next[msg.Key]), string(msg.Payload))
		next[msg.Key]++
		require.GreaterOrEqual(t, rec.Offset, after[rec.Partition])
		after[rec.Partition] = rec.Offset + 1
	}
	require.Len(t, f.scanAll(""), 2*keys*each)
}

// testScanEnds: a scan ends with the first error of its visitor, and with its context.
func testScanEnds(t *testing.T, h Harness) {
	f := newFixture(t, h)
	f.publish(f.producer(), f.message("k", 0), f.message("k", 1), f.message("l", 2))
	recs, err := f.scan(f.context(), "", func(*eventbus.Record) error { return errTest })
	require.ErrorIs(t, err, errTest)
	require.Len(t, recs, 1)
	ctx, cancel := context.WithCancel(f.context())
	cancel()
	recs, err = f.scan(ctx, "", func(*eventbus.Record) error { return nil })
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, recs)
}

// testScanGroup: a scan for a group visits what the group has not committed.
func testScanGroup(t *testing.T, h Harness) {
	f := newFixture(t, h)
	var rec recorder
	consumer := f.consumer()
	f.register(consumer, rec.Notify)
	producer := f.producer()
	f.publish(producer, f.message("k", 0), f.message("l", 1), f.message("m", 2))
	f.eventually("handled", rec.seen(3))
	require.NoError(t, consumer.Close(f.context()))
	require.Empty(t, f.scanAll(f.group))
	require.Len(t, f.scanAll(f.group+"-new"), 3, "a group that has committed nothing")
	f.publish(producer, f.message("k", 3), f.message("k", 4))
	recs := f.scanAll(f.group)
	require.Len(t, recs, 2)
	require.Equal(t, "k", string(recs[0].Key))
}

// testScanLarge: a scan of more than a broker sends at once, in large records.
func testScanLarge(t *testing.T, h Harness) {
	const records = 16
	f := newFixture(t, h)
	random := make([]byte, 500<<10)
	_, _ = rand.Read(random)
	payload := base64.StdEncoding.EncodeToString(random)
	producer := f.producer()
	for range records {
		f.publish(producer, f.message("k", payload))
	}
	recs := f.scanAll("")
	require.Len(t, recs, records)
	for _, rec := range recs {
		require.Contains(t, string(rec.Value), payload)
	}
}
