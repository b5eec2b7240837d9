package deadletter_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/deadletter"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

func TestMain(m *testing.M) {
	// sarama's metrics library keeps one ticker for the whole process.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func TestDesk(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DefaultNumPartitions(3))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	for name, transport := range map[string]eventbus.Transport{
		"membus":   membus.New(membus.Config{}),
		"kafkabus": kafkabus.New(kafkabus.Config{Brokers: cluster.ListenAddrs()}),
		"franzbus": franzbus.New(franzbus.Config{Brokers: cluster.ListenAddrs()}),
	} {
		t.Run(name, func(t *testing.T) { testDesk(t, transport, "orders-"+name) })
		t.Run(name+"/twice", func(t *testing.T) { testTwice(t, transport, "twice-"+name) })
		t.Run(name+"/large", func(t *testing.T) { testLargeLetter(t, transport, "large-"+name) })
	}
}

// shop is a group whose callback refuses some payloads until it is mended.
type shop struct {
	mu     sync.Mutex
	mended bool
	seen   map[string]int
}

func (s *shop) Notify(_ context.Context, msg *eventbus.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.mended && string(msg.Payload) != `"good"` {
		err := errors.New("cannot handle " + string(msg.Payload))
		if string(msg.Payload) == `"hopeless"` {
			return eventbus.Permanent(err)
		}
		return err
	}
	s.seen[string(msg.Payload)]++
	return nil
}

func (s *shop) count(payload string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[payload]
}

func (s *shop) mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mended = true
}

func open(t *testing.T, transport eventbus.Transport, topic, group string, callback eventbus.Callback) {
	t.Helper()
	consumer, err := eventbus.NewConsumer(transport, eventbus.ConsumerConfig{
		Group: group, Logger: slog.New(slog.DiscardHandler),
		Failure: eventbus.FailurePolicy{Attempts: 2, Backoff: time.Millisecond},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, consumer.Close(context.Background())) })
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: topic, Callback: callback}))
}

func testDesk(t *testing.T, transport eventbus.Transport, topic string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	failing := &shop{seen: make(map[string]int)}
	healthy := &shop{seen: make(map[string]int), mended: true}
	open(t, transport, topic, "failing", failing)
	open(t, transport, topic, "healthy", healthy)
	producer, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	for _, payload := range []string{"good", "bad", "hopeless", "ugly"} {
		msg, err := eventbus.NewMessage(topic, "Ordered", payload, payload)
		require.NoError(t, err)
		require.NoError(t, producer.Publish(ctx, msg))
	}

	desk, err := deadletter.NewDesk(transport)
	require.NoError(t, err)
	defer func() { require.NoError(t, desk.Close()) }()
	list := func(filter deadletter.Filter) map[string]*deadletter.Letter {
		letters := make(map[string]*deadletter.Letter)
		for letter, err := range desk.List(ctx, filter) {
			require.NoError(t, err)
			letters[string(letter.Record.Key)] = letter
		}
		return letters
	}
	mine := deadletter.Filter{Topic: topic}
	require.Eventually(t, func() bool { return len(list(mine)) == 3 }, 20*time.Second, 20*time.Millisecond)
	exhausted := list(deadletter.Filter{Topic: topic, Group: "failing", Reason: eventbus.ReasonExhausted})
	require.Len(t, exhausted, 2)
	require.Empty(t, list(deadletter.Filter{Topic: "another"}))
	bad := exhausted["bad"]
	require.Equal(t, 2, bad.Attempts)
	require.Equal(t, topic, bad.Topic)
	require.Equal(t, "failing", bad.Group)
	require.Equal(t, `cannot handle "bad"`, bad.Error)
	require.WithinDuration(t, time.Now(), bad.Time, time.Minute)
	require.Empty(t, bad.Record.Header(eventbus.HeaderDeadReason))
	again, err := desk.Get(ctx, bad.DLQ, bad.ID)
	require.NoError(t, err)
	require.Equal(t, bad, again)

	failing.mend()
	hopeless := list(mine)["hopeless"]
	require.NoError(t, desk.Requeue(ctx, bad))
	require.Eventually(t, func() bool { return failing.count(`"bad"`) == 1 }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, desk.Discard(ctx, hopeless))
	testResolved(ctx, t, transport, desk, bad, hopeless)
	left := list(mine)
	require.Len(t, left, 1)
	require.Contains(t, left, "ugly")
	_, err = desk.Get(ctx, bad.DLQ, bad.ID)
	require.ErrorIs(t, err, deadletter.ErrNotFound)
	require.Equal(t, 1, healthy.count(`"bad"`), "the other group does not see it again")
}

// testResolved: letters that were resolved are not requeued again, whoever still has
// them: the desk itself, another operator's, or one begun later.
func testResolved(ctx context.Context, t *testing.T, transport eventbus.Transport, desk *deadletter.Desk, resolved ...*deadletter.Letter) {
	t.Helper()
	another, err := deadletter.NewDesk(transport)
	require.NoError(t, err)
	defer func() { require.NoError(t, another.Close()) }()
	before := countRecords(ctx, t, transport, resolved[0].Topic)
	for _, d := range []*deadletter.Desk{desk, another} {
		for _, letter := range resolved {
			require.ErrorIs(t, d.Requeue(ctx, letter), deadletter.ErrNotFound)
		}
	}
	require.Equal(t, before, countRecords(ctx, t, transport, resolved[0].Topic))
}

func countRecords(ctx context.Context, t *testing.T, transport eventbus.Transport, topic string) (n int) {
	t.Helper()
	scanner, ok := transport.(eventbus.Scanner)
	require.True(t, ok)
	require.NoError(t, scanner.Scan(ctx, topic, "", func(*eventbus.Record) error {
		n++
		return nil
	}))
	return n
}

// testTwice: of many requeues of one letter at the same time, one does it; the other
// letters of a call are requeued all the same.
func testTwice(t *testing.T, transport eventbus.Transport, topic string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	failing := &shop{seen: make(map[string]int)}
	open(t, transport, topic, "failing", failing)
	producer, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	for _, payload := range []string{"bad", "ugly"} {
		msg, err := eventbus.NewMessage(topic, "Ordered", payload, payload)
		require.NoError(t, err)
		require.NoError(t, producer.Publish(ctx, msg))
	}
	desk, err := deadletter.NewDesk(transport)
	require.NoError(t, err)
	defer func() { require.NoError(t, desk.Close()) }()
	letters := make(map[string]*deadletter.Letter)
	require.Eventually(t, func() bool {
		for letter, err := range desk.List(ctx, deadletter.Filter{Topic: topic}) {
			require.NoError(t, err)
			letters[string(letter.Record.Key)] = letter
		}
		return len(letters) == 2
	}, 20*time.Second, 20*time.Millisecond)
	failing.mend()
	results := make(chan error)
	for range 5 {
		go func() { results <- desk.Requeue(ctx, letters["bad"]) }()
	}
	done := 0
	for range 5 {
		if err := <-results; err == nil {
			done++
		} else {
			require.ErrorIs(t, err, deadletter.ErrNotFound)
		}
	}
	require.Equal(t, 1, done)
	require.ErrorIs(t, desk.Requeue(ctx, letters["bad"], letters["ugly"], letters["ugly"]), deadletter.ErrNotFound)
	require.Equal(t, 4, countRecords(ctx, t, transport, topic), "two, and each once again")
	require.Eventually(t, func() bool { return failing.count(`"bad"`)+failing.count(`"ugly"`) == 2 }, 20*time.Second, 5*time.Millisecond)
}

// testLargeLetter: a value that was left out of its letter is there again when the
// letter is requeued.
func testLargeLetter(t *testing.T, transport eventbus.Transport, topic string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	failing := &shop{seen: make(map[string]int)}
	open(t, transport, topic, "failing", failing)
	producer, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{MaxBytes: 1_030_000})
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	large := strings.Repeat("x", 1_029_750) // bytes: with a letter's headers more than a broker takes
	msg, err := eventbus.NewMessage(topic, "Ordered", "key", large)
	require.NoError(t, err)
	require.NoError(t, producer.Publish(ctx, msg))

	desk, err := deadletter.NewDesk(transport)
	require.NoError(t, err)
	defer func() { require.NoError(t, desk.Close()) }()
	var letter *deadletter.Letter
	require.Eventually(t, func() bool {
		for found, err := range desk.List(ctx, deadletter.Filter{Topic: topic}) {
			require.NoError(t, err)
			letter = found
		}
		return letter != nil
	}, 20*time.Second, 20*time.Millisecond)
	require.Empty(t, letter.Record.Value)
	require.Greater(t, letter.Omitted, len(large))
	failing.mend()
	require.NoError(t, desk.Requeue(ctx, letter))
	require.Eventually(t, func() bool { return failing.count(`"`+large+`"`) == 1 }, 20*time.Second, 5*time.Millisecond)
}
