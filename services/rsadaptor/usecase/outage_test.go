package usecase_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsadaptor/events"
	"github.com/hexplane/hexplane/services/rsadaptor/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backend is a realm for every ISP, any of which can be out.
type backend struct {
	mu    sync.Mutex
	out   map[string]bool
	calls map[string]int      // by ISP, failed ones too
	taken map[string][]string // by ISP: the ids of what was written
}

func (b *backend) Realm(ispID string) (usecase.Realm, error) { return realmOf{b, ispID}, nil }

func (b *backend) turn(out bool, isps ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, isp := range isps {
		b.out[isp] = out
	}
}

func (b *backend) state(isp string) (calls int, taken []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[isp], slices.Clone(b.taken[isp])
}

type realmOf struct {
	*backend
	isp string
}

func (r realmOf) take(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[r.isp]++
	if r.out[r.isp] {
		return unavailable
	}
	r.taken[r.isp] = append(r.taken[r.isp], id)
	return nil
}

func (r realmOf) CreateDevice(_ context.Context, doc hsadmin.Document) error { return r.take(doc.ID()) }

func (r realmOf) Put(_ context.Context, doc hsadmin.Document) error { return r.take(doc.ID()) }
func (r realmOf) DeleteDevice(_ context.Context, id string) error   { return r.take(id) }
func (r realmOf) DeleteRouter(_ context.Context, id string) error   { return r.take(id) }

// unavailable is what the client says of a backend that does not answer.
var unavailable = func() error {
	client, err := hsadmin.New(hsadmin.Config{
		BaseURL: "http://hs.example", Transport: refusing{}, Retry: hsadmin.RetryConfig{MaxAttempts: 1},
	})
	if err != nil {
		return err
	}
	defer client.Close()
	return client.DeleteDevice(context.Background(), "d")
}()

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, io.ErrUnexpectedEOF
}

// watcher counts what happens to the topic.
type watcher struct{ pauses, dead, retried atomic.Int32 }

func (w *watcher) Observe(o eventbus.Observation) {
	switch o.Kind {
	case eventbus.Paused:
		w.pauses.Add(1)
	case eventbus.DeadLettered:
		w.dead.Add(1)
	case eventbus.Retried:
		w.retried.Add(1)
	default:
	}
}

// fixture is the adaptor on a bus whose topics have one partition.
type fixture struct {
	*backend
	watcher

	t      *testing.T
	events *eventbus.Producer
	sent   int
}

const soon = time.Minute

func newFixture(t *testing.T, delays ...time.Duration) *fixture {
	f := &fixture{t: t, backend: &backend{out: map[string]bool{}, calls: map[string]int{}, taken: map[string][]string{}}}
	bus := membus.New(membus.Config{Partitions: 1})
	var err error
	f.events, err = eventbus.NewProducer(bus, eventbus.ProducerConfig{})
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	consumer, err := eventbus.NewConsumer(bus, eventbus.ConsumerConfig{
		Group: "rsadaptor", Logger: log, Observer: &f.watcher, Failure: eventbus.FailurePolicy{
			Attempts: 1, Delays: delays,
			Outage: eventbus.OutagePolicy{Probe: 5 * time.Millisecond, MaxProbe: 5 * time.Millisecond},
		},
	})
	require.NoError(t, err)
	registries, err := events.Registries(usecase.New(f.backend, f.events, log, 1+len(delays)))
	require.NoError(t, err)
	require.NoError(t, consumer.Register(registries...))
	t.Cleanup(func() {
		assert.NoError(t, consumer.Close(context.Background()))
		assert.NoError(t, f.events.Close())
	})
	return f
}

// tell tells of a change of n devices of an ISP's account, whose ids count up.
func (f *fixture) tell(isp string, n int) {
	f.t.Helper()
	for range n {
		f.sent++
		account := "a-" + isp
		msg, err := eventbus.NewMessage(rsevent.TopicProvision, rsevent.TypeRSDeviceUpdated, account,
			rsevent.RSDevice{ResolvedDevice: rsevent.ResolvedDevice{Device: rsevent.Device{
				DeviceID: strconv.Itoa(f.sent), AccountID: account, ISPID: isp, Kind: rsevent.KindDevice,
				Name: "N", MAC: "a4:83:e7:00:00:01",
			}}})
		require.NoError(f.t, err)
		require.NoError(f.t, f.events.Publish(f.t.Context(), msg))
	}
}

// takes waits until an ISP's realm has taken n documents.
func (f *fixture) takes(isp string, n int) []string {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		_, taken := f.state(isp)
		return len(taken) >= n
	}, soon, time.Millisecond, "%s does not take %d documents", isp, n)
	_, taken := f.state(isp)
	return taken
}

func (f *fixture) asked(isp string, n int) {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		calls, _ := f.state(isp)
		return calls >= n
	}, soon, time.Millisecond, "%s is not asked", isp)
}

func TestOutageOfOneISPIsNotTheOthers(t *testing.T) {
	f := newFixture(t, 50*time.Millisecond, 500*time.Millisecond, 10*time.Second, 30*time.Second)
	f.turn(true, "isp-1")
	f.tell("isp-1", 3)
	f.asked("isp-1", 1)
	f.tell("isp-2", 20)
	f.takes("isp-2", 20)
	f.tell("isp-1", 2)
	f.asked("isp-1", 2)
	f.turn(false, "isp-1")
	assert.Equal(t, []string{"1", "2", "3", "24", "25"}, f.takes("isp-1", 5), "in their order")
	assert.Zero(t, f.pauses.Load(), "nobody waited for isp-1")
	assert.Zero(t, f.dead.Load())
}

// TestRealmThatIsOutIsAskedByFew: by those that have waited for it.
func TestRealmThatIsOutIsAskedByFew(t *testing.T) {
	f := newFixture(t, time.Hour, time.Hour)
	f.turn(true, "isp-1")
	f.tell("isp-1", 1)
	f.asked("isp-1", 1)
	for _, account := range []string{"b", "c", "d"} { // keys with nothing in front of them
		msg, err := eventbus.NewMessage(rsevent.TopicProvision, rsevent.TypeRSDeviceDeleted, account,
			rsevent.RSDevice{ResolvedDevice: rsevent.ResolvedDevice{Device: rsevent.Device{
				DeviceID: "d-" + account, AccountID: account, ISPID: "isp-1", Kind: rsevent.KindRouter, Name: "N", MAC: "a4:83:e7:00:00:01",
			}}})
		require.NoError(t, err)
		require.NoError(t, f.events.Publish(t.Context(), msg))
	}
	require.Eventually(t, func() bool { return f.retried.Load() == 4 }, soon, time.Millisecond)
	calls, _ := f.state("isp-1")
	assert.Equal(t, 1, calls)
}

func TestOutageOfTheBackendPausesTheTopic(t *testing.T) {
	f := newFixture(t, time.Hour, time.Hour)
	f.turn(true, "isp-1", "isp-2")
	f.tell("isp-1", 1)
	f.asked("isp-1", 1)
	f.tell("isp-2", 1)
	require.Eventually(t, func() bool { return f.pauses.Load() > 0 }, soon, time.Millisecond)
	f.tell("isp-2", 5)
	f.turn(false, "isp-1", "isp-2")
	assert.Equal(t, []string{"2", "3", "4", "5", "6", "7"}, f.takes("isp-2", 6))
}

// TestLongOutageOfOneISPLosesNothing: after the last delay all wait for it.
func TestLongOutageOfOneISPLosesNothing(t *testing.T) {
	f := newFixture(t, time.Millisecond, time.Millisecond)
	f.turn(true, "isp-1")
	f.tell("isp-1", 3)
	require.Eventually(t, func() bool { return f.pauses.Load() > 0 }, soon, time.Millisecond)
	f.turn(false, "isp-1")
	assert.Equal(t, []string{"1", "2", "3"}, f.takes("isp-1", 3))
	assert.Zero(t, f.dead.Load())
}

func TestRealmsOfOneBackendAreOutTogether(t *testing.T) {
	f := newFixture(t)
	f.turn(true, "isp-1")
	f.tell("isp-1", 1)
	require.Eventually(t, func() bool { return f.pauses.Load() > 0 }, soon, time.Millisecond)
	f.turn(false, "isp-1")
	f.takes("isp-1", 1)
	assert.Zero(t, f.retried.Load())
}
