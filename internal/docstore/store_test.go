package docstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/internal/docstore/sqlstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type item struct {
	Owner string `json:"owner"`
	Count int    `json:"count"`
}

func newItems(t testing.TB) (*docstore.Store, *docstore.Collection[item], *docstoretest.Recorder) {
	t.Helper()
	backend, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: filepath.Join(t.TempDir(), "docs.db")})
	require.NoError(t, err)
	bus := &docstoretest.Recorder{}
	store := docstore.New(backend, bus, docstore.Config{Backoff: time.Millisecond})
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	return store, docstore.NewCollection(store, "items", docstore.IndexBy("owner", func(i item) string { return i.Owner })), bus
}

func event(t testing.TB, eventType string) *eventbus.Message {
	t.Helper()
	msg, err := eventbus.NewMessage("topic", eventType, "key", map[string]int{"n": 1})
	require.NoError(t, err)
	msg.TraceID = map[string]string{"traceparent": "00-1-2-01"}
	return msg
}

func TestCollectionRoundTrip(t *testing.T) {
	store, items, bus := newItems(t)
	created := event(t, "Created")
	doc, err := items.Insert(t.Context(), "a", item{Owner: "o", Count: 1}, created)
	require.NoError(t, err)
	assert.Equal(t, docstore.Document[item]{ID: "a", Version: 1, Value: item{Owner: "o", Count: 1}}, doc)
	_, err = items.Insert(t.Context(), "a", item{})
	require.ErrorIs(t, err, docstore.ErrExists)
	_, err = items.Insert(t.Context(), "", item{})
	require.Error(t, err, "an id is needed")

	doc.Value.Count = 2
	doc, err = items.Replace(t.Context(), doc)
	require.NoError(t, err)
	stored, err := items.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, doc, stored)
	require.ErrorIs(t, items.Delete(t.Context(), "a", 1), docstore.ErrConflict)
	require.NoError(t, items.Delete(t.Context(), "a", 2, event(t, "Deleted")))
	_, err = items.Get(t.Context(), "a")
	require.ErrorIs(t, err, docstore.ErrNotFound)

	require.NoError(t, store.Flush(t.Context()))
	assert.Equal(t, []string{"Created", "Deleted"}, bus.Types())
	assert.Equal(t, created, bus.Messages()[0], "the event is as it was")
}

func TestAllStreamsEveryPage(t *testing.T) {
	_, items, _ := newItems(t)
	const total = 600
	for i := range total {
		_, err := items.Insert(t.Context(), string(rune('一'+i)), item{Owner: []string{"x", "y"}[i%2]})
		require.NoError(t, err)
	}
	count := func(field, value string, stopAt int) (n int) {
		for _, err := range items.All(t.Context(), field, value) {
			require.NoError(t, err)
			if n++; n == stopAt {
				break
			}
		}
		return n
	}
	assert.Equal(t, total, count("", "", 0))
	assert.Equal(t, total/2, count("owner", "x", 0))
	assert.Equal(t, 3, count("owner", "x", 3))
	page, err := items.Page(t.Context(), "", 2)
	require.NoError(t, err)
	assert.Len(t, page, 2)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range items.All(ctx, "", "") {
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestUpdateRepeatsAfterALostRace(t *testing.T) {
	store, items, bus := newItems(t)
	_, err := items.Insert(t.Context(), "a", item{})
	require.NoError(t, err)
	calls := 0
	doc, err := items.Update(t.Context(), "a", func(i *item) ([]*eventbus.Message, error) {
		if calls++; calls == 1 { // another writer is faster
			_, err := items.Update(t.Context(), "a", func(i *item) ([]*eventbus.Message, error) {
				i.Count += 10
				return nil, nil
			})
			require.NoError(t, err)
		}
		i.Count++
		return []*eventbus.Message{event(t, "Counted")}, nil
	})
	require.NoError(t, err)
	assert.Equal(t, 2, calls)
	assert.Equal(t, 11, doc.Value.Count)
	require.NoError(t, store.Flush(t.Context()))
	assert.Equal(t, []string{"Counted"}, bus.Types(), "the lost attempt has no events")
}

func TestUpdateAndUpsertErrors(t *testing.T) {
	_, items, _ := newItems(t)
	failing := errors.New("no")
	fail := func(*item) ([]*eventbus.Message, error) { return nil, failing }
	_, err := items.Update(t.Context(), "a", fail)
	require.ErrorIs(t, err, docstore.ErrNotFound)
	doc, err := items.Upsert(t.Context(), "a", func(i *item, found bool) ([]*eventbus.Message, error) {
		assert.False(t, found)
		i.Count = 7
		return nil, nil
	})
	require.NoError(t, err)
	_, err = items.Update(t.Context(), "a", fail)
	require.ErrorIs(t, err, failing)
	kept, err := items.Update(t.Context(), "a", func(i *item) ([]*eventbus.Message, error) {
		i.Count = 99
		return nil, docstore.Keep
	})
	require.NoError(t, err)
	assert.Equal(t, doc, kept)
}

func TestRunPublishesAtOnceAndRetries(t *testing.T) {
	store, items, bus := newItems(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- store.Run(ctx) }()
	bus.FailWith(errors.New("the broker is away"))
	_, err := items.Insert(t.Context(), "a", item{}, event(t, "First"))
	require.NoError(t, err, "a write does not wait for the broker")
	_, err = items.Insert(t.Context(), "b", item{}, event(t, "Second"))
	require.NoError(t, err)
	bus.FailWith(nil)
	require.Eventually(t, func() bool { return len(bus.Types()) == 2 }, 30*time.Second, time.Millisecond)
	assert.Equal(t, []string{"First", "Second"}, bus.Types())
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}
