package embedkafka_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/embedkafka"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, cfg embedkafka.Config) *embedkafka.Broker {
	t.Helper()
	broker, err := embedkafka.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	return broker
}

func client(t *testing.T, b *embedkafka.Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(b.Addrs()...), kgo.AllowAutoTopicCreation())...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func produce(t *testing.T, b *embedkafka.Broker, values ...string) {
	t.Helper()
	c := client(t, b)
	for _, v := range values {
		rec := &kgo.Record{Topic: "topic", Key: []byte("k"), Value: []byte(v)}
		require.NoError(t, c.ProduceSync(t.Context(), rec).FirstErr())
	}
	c.Close()
}

// consume reads n records as a group, commits and leaves.
func consume(t *testing.T, b *embedkafka.Broker, n int) []string {
	t.Helper()
	c := client(t, b, kgo.ConsumerGroup("group"), kgo.ConsumeTopics("topic"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got []string
	for len(got) < n {
		fetches := c.PollRecords(ctx, n-len(got))
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	require.NoError(t, c.CommitUncommittedOffsets(ctx))
	c.Close()
	return got
}

func TestRecordsAndOffsetsSurviveARestart(t *testing.T) {
	cfg := embedkafka.Config{Dir: filepath.Join(t.TempDir(), "made", "here"), Sync: true}
	first := start(t, cfg)
	produce(t, first, "1", "2", "3")
	assert.Equal(t, []string{"1", "2"}, consume(t, first, 2))
	first.Close()
	first.Close()

	second := start(t, cfg)
	produce(t, second, "4")
	assert.Equal(t, []string{"3", "4"}, consume(t, second, 2))
}

func TestInMemory(t *testing.T) {
	broker := start(t, embedkafka.Config{Partitions: 1})
	produce(t, broker, "1")
	assert.Equal(t, []string{"1"}, consume(t, broker, 1))
}

func TestFolderBelongsToOneBroker(t *testing.T) {
	cfg := embedkafka.Config{Dir: t.TempDir()}
	first := start(t, cfg)
	_, err := embedkafka.Start(cfg)
	require.ErrorIs(t, err, embedkafka.ErrInUse)
	first.Close()
	start(t, cfg)
}

func TestUnusableConfig(t *testing.T) {
	_, err := embedkafka.Start(embedkafka.Config{Dir: "/dev/null/kafka"})
	require.Error(t, err)
	broker := start(t, embedkafka.Config{})
	_ = broker.Addrs()
	_, err = embedkafka.Start(embedkafka.Config{Port: -1})
	require.Error(t, err)
}
