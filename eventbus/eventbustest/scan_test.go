package eventbustest_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
)

const scanned = "topic"

// scanTopic scans what others wrote: values of size, and then a number.
type scanTopic struct {
	cluster *kfake.Cluster
	client  *kgo.Client
	size    int
}

// newScanTopic returns a topic of one partition, at one of two brokers, that has four
// transactions of ten records each, and the numbers of these.
func newScanTopic(t *testing.T) (topic scanTopic, numbers []string) {
	t.Helper()
	const transactions, each, size = 4, 10, 300 << 10
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(1, scanned))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.TransactionalID("another's"),
		kgo.ProducerBatchCompression(kgo.NoCompression()))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	for range transactions {
		require.NoError(t, client.BeginTransaction())
		for range each {
			number := strconv.Itoa(len(numbers))
			numbers = append(numbers, number)
			value := append(make([]byte, size), number...)
			require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: scanned, Value: value}).FirstErr())
		}
		require.NoError(t, client.EndTransaction(t.Context(), kgo.TryCommit))
	}
	return scanTopic{cluster, client, size}, numbers
}

// scan returns the numbers a transport sees; at the first, meanwhile is called.
func (s scanTopic) scan(t *testing.T, transport eventbus.Scanner, meanwhile func()) (seen []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, transport.Scan(ctx, scanned, "", func(rec *eventbus.Record) error {
		if len(seen) == 0 {
			meanwhile()
		}
		seen = append(seen, string(rec.Value[s.size:]))
		return nil
	}))
	return seen
}

// deleteAllBut deletes all but the last offsets.
func (s scanTopic) deleteAllBut(t *testing.T, last int64) {
	t.Helper()
	admin := kadm.NewClient(s.client)
	ends, err := admin.ListEndOffsets(t.Context(), scanned)
	require.NoError(t, err)
	end, _ := ends.Lookup(scanned, 0)
	var until kadm.Offsets
	until.AddOffset(scanned, 0, end.Offset-last, -1)
	deleted, err := admin.DeleteRecords(t.Context(), until)
	require.NoError(t, err)
	require.NoError(t, deleted.Error())
}

// TestScanOfAnothersTopic: a scan ends where a transaction's mark is the last
// record, and goes on when what comes next was deleted meanwhile, if only to the end.
func TestScanOfAnothersTopic(t *testing.T) {
	for name, transport := range map[string]func(brokers []string) eventbus.Scanner{
		"kafkabus": func(brokers []string) eventbus.Scanner { return kafkabus.New(kafkabus.Config{Brokers: brokers}) },
		"franzbus": func(brokers []string) eventbus.Scanner { return franzbus.New(franzbus.Config{Brokers: brokers}) },
	} {
		t.Run(name, func(t *testing.T) {
			topic, all := newScanTopic(t)
			scanner := transport(topic.cluster.ListenAddrs())
			require.Equal(t, all, topic.scan(t, scanner, func() {}))
			seen := topic.scan(t, scanner, func() { topic.deleteAllBut(t, 3) }) // two and the mark
			require.Less(t, len(seen), len(all))
			require.Equal(t, all[len(all)-2:], seen[len(seen)-2:])

			topic, _ = newScanTopic(t)
			seen = topic.scan(t, transport(topic.cluster.ListenAddrs()), func() { topic.deleteAllBut(t, 0) })
			require.Less(t, len(seen), len(all))
		})
	}
}

// TestScanFollowsTheLeader: kafkabus asks the leader itself. (franz-go does not, and
// says "lost records" when kfake's leader moves.)
func TestScanFollowsTheLeader(t *testing.T) {
	topic, all := newScanTopic(t)
	transport := kafkabus.New(kafkabus.Config{Brokers: topic.cluster.ListenAddrs()})
	require.Equal(t, all, topic.scan(t, transport, func() {
		require.NoError(t, topic.cluster.MoveTopicPartition(scanned, 0, 1-topic.cluster.LeaderFor(scanned, 0)))
	}))
}

// TestScanDenied: a topic that may not be read is not taken for one that has nothing.
func TestScanDenied(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, scanned), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.Superuser("PLAIN", "root", "right"), kfake.User("PLAIN", "anna", "right"))
	require.NoError(t, err)
	defer cluster.Close()
	for name, transport := range secured(cluster.ListenAddrs(), access{mechanism: "PLAIN", username: "anna", password: "right"}) {
		t.Run(name, func(t *testing.T) {
			scanner, ok := transport.(eventbus.Scanner)
			require.True(t, ok)
			err := scanner.Scan(t.Context(), scanned, "", func(*eventbus.Record) error { return nil })
			require.ErrorContains(t, err, scanned)
			require.ErrorContains(t, err, "uthoriz")
		})
	}
}
