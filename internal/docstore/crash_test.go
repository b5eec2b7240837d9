package docstore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
)

// TestCrashesLoseNothing interrupts writing and publishing at random places, and
// demands of what the broker got: every event whose write returned is there, and both
// the first and the last copies of a key's events are in the order of the writes, so
// that it is kept for consumers that skip repeated ones and for those that do not.
func TestCrashesLoseNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{t: t, time: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), committed: map[string][]string{}}
		w.backend = &fragile{Backend: docstoretest.NewMemoryAt(func() time.Time { return w.time })}
		w.start()
		rt.Repeat(map[string]func(*rapid.T){
			"write":          w.write,
			"publish":        func(*rapid.T) { _ = w.store.Flush(t.Context()) },
			"broker refuses": w.brokerRefuses,
			"die publishing": w.dieBeforeSettling,
			"restart":        func(*rapid.T) { w.start() },
			"time passes":    func(*rapid.T) { w.time = w.time.Add(time.Minute) },
		})
		w.time = w.time.Add(time.Hour)
		w.start()
		require.NoError(rt, w.store.Flush(t.Context()))
		w.verify(rt)
	})
}

type world struct {
	t         *testing.T
	time      time.Time
	backend   *fragile
	broker    broker
	store     *docstore.Store
	items     *docstore.Collection[item]
	committed map[string][]string // event types by key, in the order of the writes
	number    int
}

// start begins a new process on the same database and broker.
func (w *world) start() {
	w.store = docstore.New(w.backend, &w.broker, docstore.Config{Batch: 3})
	w.items = docstore.NewCollection[item](w.store, "items")
}

func (w *world) write(rt *rapid.T) {
	w.number++
	key := rapid.SampledFrom([]string{"k1", "k2"}).Draw(rt, "key")
	var events []*eventbus.Message
	var names []string
	for i := range rapid.IntRange(1, 2).Draw(rt, "events") {
		names = append(names, fmt.Sprintf("E%03d.%d", w.number, i))
		msg, err := eventbus.NewMessage("topic", names[i], key, nil)
		require.NoError(rt, err)
		events = append(events, msg)
	}
	_, err := w.items.Upsert(w.t.Context(), "doc", func(i *item, _ bool) ([]*eventbus.Message, error) {
		i.Count++
		return events, nil
	})
	require.NoError(rt, err)
	w.committed[key] = append(w.committed[key], names...)
}

func (w *world) brokerRefuses(rt *rapid.T) {
	w.broker.refuse = rapid.SliceOfN(rapid.IntRange(0, 2), 1, 3).Draw(rt, "refused")
	_ = w.store.Flush(w.t.Context())
	w.broker.refuse = nil
}

func (w *world) dieBeforeSettling(*rapid.T) {
	w.backend.dead = true
	_ = w.store.Flush(w.t.Context())
	w.backend.dead = false
	w.start()
}

func (w *world) verify(rt *rapid.T) {
	for key, want := range w.committed {
		first, last := map[string]int{}, map[string]int{}
		for at, name := range w.broker.got[key] {
			if _, seen := first[name]; !seen {
				first[name] = at
			}
			last[name] = at
		}
		require.Equal(rt, want, byPlace(first), "first copies of all that reached the broker: %v", w.broker.got[key])
		require.Equal(rt, want, byPlace(last), "last copies of all that reached the broker: %v", w.broker.got[key])
	}
}

// byPlace returns the names in the order of their places.
func byPlace(places map[string]int) []string {
	names := slices.Collect(maps.Keys(places))
	slices.SortFunc(names, func(a, b string) int { return places[a] - places[b] })
	return names
}

// fragile is a backend whose process can die between publishing and settling.
type fragile struct {
	docstore.Backend
	dead bool
}

func (f *fragile) Settle(ctx context.Context, published, returned []string) error {
	if f.dead {
		return errors.New("the process is dead")
	}
	return f.Backend.Settle(ctx, published, returned)
}

// broker keeps what it does not refuse.
type broker struct {
	refuse []int // indexes of a call
	got    map[string][]string
}

func (b *broker) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	failure := &eventbus.PublishError{Total: len(msgs)}
	for i, m := range msgs {
		if slices.Contains(b.refuse, i) {
			failure.Failed = append(failure.Failed, eventbus.PublishFailure{Index: i, Message: m, Err: errors.New("refused")})
			continue
		}
		if b.got == nil {
			b.got = map[string][]string{}
		}
		b.got[m.Key] = append(b.got[m.Key], m.EventType)
	}
	if len(failure.Failed) > 0 {
		return failure
	}
	return nil
}
