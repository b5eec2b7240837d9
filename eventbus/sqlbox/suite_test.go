package sqlbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/sqlbox"
)

// suite is run on every database.
func suite(t *testing.T, open func(t *testing.T) *bun.DB) {
	for name, test := range map[string]func(*testing.T, *bun.DB){
		"OutboxKeepsOrder": testOutboxKeepsOrder, "OutboxIsAtomic": testOutboxIsAtomic,
		"LeaseIsTakenOver": testLeaseIsTakenOver, "TwoRelays": testTwoRelays, "Inbox": testInbox,
		"Refused": testRefused, "Trace": testTrace,
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			require.NoError(t, sqlbox.CreateTables(t.Context(), db))
			require.NoError(t, sqlbox.CreateTables(t.Context(), db), "twice")
			test(t, db)
		})
	}
}

// bus is a publisher that fails now and then, as a real one does, and remembers.
type bus struct {
	mu    sync.Mutex
	calls int
	sent  []*eventbus.Message
}

var errBus = errors.New("the bus is out")

func (b *bus) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	failure := &eventbus.PublishError{Total: len(msgs)}
	for i, msg := range msgs {
		if b.calls%3 == 1 && i%7 == 3 {
			failure.Failed = append(failure.Failed, eventbus.PublishFailure{Index: i, Message: msg, Err: errBus})
			continue
		}
		b.sent = append(b.sent, msg)
	}
	if len(failure.Failed) > 0 {
		return failure
	}
	return nil
}

// order returns, per key, what was published, in that order.
func (b *bus) order() map[string][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	byKey := make(map[string][]string)
	for _, msg := range b.sent {
		byKey[msg.Key] = append(byKey[msg.Key], string(msg.Payload))
	}
	return byKey
}

func message(t *testing.T, key string, n int) *eventbus.Message {
	t.Helper()
	msg, err := eventbus.NewMessage("orders", "Ordered", key, n)
	require.NoError(t, err)
	return msg
}

// relay runs a relay until the test ends, or until stop.
func relay(t *testing.T, db *bun.DB, out eventbus.Publisher, cfg sqlbox.RelayConfig) (stop func()) {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.Poll = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = sqlbox.NewRelay(db, out, cfg).Run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

func waiting(t *testing.T, db *bun.DB) int64 {
	t.Helper()
	n, err := db.NewSelect().Table("eventbus_outbox").Count(context.Background())
	require.NoError(t, err)
	return n
}

func testOutboxKeepsOrder(t *testing.T, db *bun.DB) {
	const keys, each = 5, 20
	out := &bus{}
	relay(t, db, out, sqlbox.RelayConfig{Batch: 30})
	want := make(map[string][]string)
	for n := range each {
		for k := range keys {
			key := fmt.Sprintf("k%d\xff", k)
			require.NoError(t, sqlbox.Add(t.Context(), db, message(t, key, n)))
			want[key] = append(want[key], strconv.Itoa(n))
		}
	}
	require.Eventually(t, func() bool { return waiting(t, db) == 0 }, 30*time.Second, 10*time.Millisecond)
	require.Equal(t, want, out.order())
}

func testOutboxIsAtomic(t *testing.T, db *bun.DB) {
	err := db.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		require.NoError(t, sqlbox.Add(ctx, tx, message(t, "k", 0)))
		return errBus
	})
	require.ErrorIs(t, err, errBus)
	require.Zero(t, waiting(t, db))
	require.ErrorIs(t, sqlbox.Add(t.Context(), db, &eventbus.Message{EventType: "x"}), eventbus.ErrNoTopic)
}

// testLeaseIsTakenOver: another holds the lease and is dead; a relay waits until
// it expires, and then publishes.
func testLeaseIsTakenOver(t *testing.T, db *bun.DB) {
	expires := time.Now().Add(2 * time.Second).UTC().Truncate(time.Microsecond)
	_, err := db.NewRaw("INSERT INTO eventbus_leases (name, holder, until) VALUES ('outbox', 'dead', ?)", expires).Exec(t.Context())
	require.NoError(t, err)
	out := &bus{calls: 1}
	require.NoError(t, sqlbox.Add(t.Context(), db, message(t, "k", 0)))
	relay(t, db, out, sqlbox.RelayConfig{})
	require.Eventually(t, func() bool { return waiting(t, db) == 0 }, 30*time.Second, 10*time.Millisecond)
	require.False(t, time.Now().Before(expires), "before the lease expired")
}

// testTwoRelays: the one that stops hands over at once.
func testTwoRelays(t *testing.T, db *bun.DB) {
	out := &bus{calls: 1}
	stop := relay(t, db, out, sqlbox.RelayConfig{Lease: time.Hour})
	require.NoError(t, sqlbox.Add(t.Context(), db, message(t, "k", 0)))
	require.Eventually(t, func() bool { return waiting(t, db) == 0 }, 30*time.Second, 10*time.Millisecond)
	relay(t, db, out, sqlbox.RelayConfig{Lease: time.Hour})
	stop()
	require.NoError(t, sqlbox.Add(t.Context(), db, message(t, "k", 1)))
	require.Eventually(t, func() bool { return waiting(t, db) == 0 }, 30*time.Second, 10*time.Millisecond)
	require.Equal(t, map[string][]string{"k": {"0", "1"}}, out.order())
}

// testInbox: effects happen once, with their message noted or not at all.
func testInbox(t *testing.T, db *bun.DB) {
	ctx := t.Context()
	_, err := db.NewRaw("CREATE TABLE effects (n INTEGER NOT NULL)").Exec(ctx)
	require.NoError(t, err)
	count := func() int64 {
		n, err := db.NewSelect().Table("effects").Count(ctx)
		require.NoError(t, err)
		return n
	}
	inbox := sqlbox.NewInbox(db)
	var mu sync.Mutex
	calls := 0
	callback := eventbus.Once(inbox, eventbus.CallbackFunc(func(ctx context.Context, msg *eventbus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		calls++
		if _, err := sqlbox.Tx(ctx, db).NewRaw("INSERT INTO effects (n) VALUES (?)", string(msg.Payload)).Exec(ctx); err != nil {
			return err
		}
		if calls == 1 {
			return errBus // after the effect, which must not stay
		}
		return nil
	}))
	msg := message(t, "k", 7)
	require.ErrorIs(t, callback.Notify(ctx, msg), errBus)
	require.Zero(t, count())
	for range 3 {
		require.NoError(t, callback.Notify(ctx, msg))
	}
	require.Equal(t, int64(1), count())
	require.Equal(t, 2, calls)
	n, err := inbox.Prune(ctx, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, int64(1), n)
}
