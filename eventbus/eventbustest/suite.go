// Package eventbustest is the suite that every eventbus transport passes.
//
//	func TestTransport(t *testing.T) {
//		eventbustest.Run(t, eventbustest.Harness{
//			Transport: func(t *testing.T) eventbus.Transport { return mybus.New(...) },
//		})
//	}
//
// It needs testify and the testing package, so no program should import it.
package eventbustest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// Harness tells the suite how to make the transport under test.
type Harness struct {
	// Transport returns a new transport to the same broker at each call: what
	// one publishes, another consumes.
	Transport func(t *testing.T) eventbus.Transport
	// Features says what the transport can do.
	Features Features
	// Registrations is how often ManyRegistrations registers. Default: 1,000.
	Registrations int
	// Wait bounds every wait for something to happen. Default: 30 s.
	Wait time.Duration
}

// Features are what a transport may lack. A test that needs what is lacking is
// not run at all, so that a run shows no skipped tests.
type Features struct {
	// ParallelKeys: keys of one partition are handled at the same time.
	ParallelKeys bool
	// Partitions of the topics made; 0 when the transport has none.
	Partitions int
	// Shares: consumers of a group share the partitions of a topic evenly.
	Shares bool
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	if h.Wait == 0 {
		h.Wait = 30 * time.Second
	}
	if h.Registrations == 0 {
		h.Registrations = 1000
	}
	tests := []struct {
		name string
		run  func(*testing.T, Harness)
		when bool
	}{
		{"Delivery", testDelivery, true},
		{"OrderPerKey", testOrderPerKey, true},
		{"OddKeysAndSizes", testOddKeysAndSizes, true},
		{"Redelivery", testRedelivery, true},
		{"DeadLetter", testDeadLetter, true},
		{"LargeDeadLetter", testLargeDeadLetter, true},
		{"Undecodable", testUndecodable, true},
		{"Panic", testPanic, true},
		{"Registration", testRegistration, true},
		{"CloseDrains", testCloseDrains, true},
		{"CloseDeadline", testCloseDeadline, true},
		{"CloseStuck", testCloseStuck, true},
		{"ResumeAfterRestart", testResumeAfterRestart, true},
		{"Trace", testTrace, true},
		{"Pause", testPause, true},
		{"Assignment", testAssignment, h.Features.Partitions > 0},
		{"Lag", testLag, true},
		{"ManyRegistrations", testManyRegistrations, true},
		{"DelayedRetry", testDelayedRetry, true},
		{"RetryUnordered", testRetryUnordered, true},
		{"RetryExhausted", testRetryExhausted, true},
		{"RetryOverRestart", testRetryOverRestart, true},
		{"RetryOrderOverRestart", testRetryOrderOverRestart, true},
		{"Outage", testOutage, true},
		{"FailureRate", testFailureRate, true},
		{"Scan", testScan, scans(t, h)},
		{"ScanEnds", testScanEnds, scans(t, h)},
		{"ScanGroup", testScanGroup, scans(t, h)},
		{"ScanLarge", testScanLarge, scans(t, h)},
		{"ParallelLanes", testParallelLanes, h.Features.ParallelKeys},
	}
	for _, test := range tests {
		if test.when {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				test.run(t, h)
			})
		}
	}
}

// fixture is one test's topic and group, with everything closed at its end.
type fixture struct {
	t     *testing.T
	h     Harness
	topic string
	group string
}

func newFixture(t *testing.T, h Harness) *fixture {
	id := uuid.NewString()[:8]
	return &fixture{t: t, h: h, topic: "topic-" + id, group: "group-" + id}
}

func (f *fixture) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), f.h.Wait)
	f.t.Cleanup(cancel)
	return ctx
}

func (f *fixture) producer() *eventbus.Producer {
	producer, err := eventbus.NewProducer(f.h.Transport(f.t), eventbus.ProducerConfig{Logger: quiet()})
	require.NoError(f.t, err)
	f.t.Cleanup(func() { require.NoError(f.t, producer.Close()) })
	return producer
}

func (f *fixture) consumer(change ...func(*eventbus.ConsumerConfig)) *eventbus.Consumer {
	cfg := eventbus.ConsumerConfig{
		Group:        f.group,
		DrainTimeout: f.h.Wait,
		Logger:       quiet(),
		Failure:      eventbus.FailurePolicy{Attempts: 3, Backoff: time.Millisecond},
	}
	for _, c := range change {
		c(&cfg)
	}
	consumer, err := eventbus.NewConsumer(f.h.Transport(f.t), cfg)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = consumer.Close(f.context()) })
	return consumer
}

func (f *fixture) register(c *eventbus.Consumer, fn eventbus.CallbackFunc) {
	f.t.Helper()
	require.NoError(f.t, c.Register(eventbus.Registry{Topic: f.topic, Callback: fn}))
}

// message returns a message of the fixture's topic.
func (f *fixture) message(key string, payload any) *eventbus.Message {
	f.t.Helper()
	msg, err := eventbus.NewMessage(f.topic, "Tested", key, payload)
	require.NoError(f.t, err)
	return msg
}

func (f *fixture) publish(p *eventbus.Producer, msgs ...*eventbus.Message) {
	f.t.Helper()
	require.NoError(f.t, p.Publish(f.context(), msgs...))
}

func (f *fixture) eventually(what string, ok func() bool) {
	f.t.Helper()
	require.Eventually(f.t, ok, f.h.Wait, 5*time.Millisecond, what)
}

// drainSoon is the drain timeout of tests that leave messages unacknowledged.
const drainSoon = time.Second

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
