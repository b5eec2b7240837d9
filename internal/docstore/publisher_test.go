package docstore_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
)

// slowBus keeps the first publish waiting until it is let go.
type slowBus struct {
	docstoretest.Recorder

	entered, let chan struct{}
	calls        atomic.Int32
}

func (b *slowBus) Publish(ctx context.Context, msgs ...*eventbus.Message) error {
	if b.calls.Add(1) == 1 {
		close(b.entered)
		<-b.let
	}
	return b.Recorder.Publish(ctx, msgs...)
}

// countedBackend counts looks at what waits.
type countedBackend struct {
	docstore.Backend

	looks atomic.Int32
}

func (b *countedBackend) Waiting(ctx context.Context) (oldest, newest int64, err error) {
	b.looks.Add(1)
	return b.Backend.Waiting(ctx)
}

func message(t *testing.T, eventType string) *eventbus.Message {
	t.Helper()
	msg, err := eventbus.NewMessage("topic", eventType, "key", map[string]string{})
	require.NoError(t, err)
	return msg
}

func TestPublisherStaysBehindTheOutbox(t *testing.T) {
	bus := &slowBus{entered: make(chan struct{}), let: make(chan struct{})}
	backend := &countedBackend{Backend: docstoretest.NewMemory()}
	store := docstore.New(backend, bus, docstore.Config{})
	docs := docstore.NewCollection[string](store, "things")

	_, err := docs.Insert(t.Context(), "a", "old", message(t, "Old"))
	require.NoError(t, err)
	flushed := make(chan error, 1)
	go func() { flushed <- store.Flush(context.WithoutCancel(t.Context())) }()
	<-bus.entered // the event is claimed, and is not on the bus yet

	published := make(chan error, 1)
	go func() { published <- store.Publisher().Publish(context.WithoutCancel(t.Context()), message(t, "New")) }()
	require.Eventually(t, func() bool { return backend.looks.Load() >= 3 }, 30*time.Second, time.Millisecond)
	assert.Empty(t, bus.Types(), "the message waits for the event")

	close(bus.let)
	require.NoError(t, <-flushed)
	require.NoError(t, <-published)
	assert.Equal(t, []string{"Old", "New"}, bus.Types())
}

func TestPublisherPublishesWhatNoOneHasClaimed(t *testing.T) {
	bus := &docstoretest.Recorder{}
	store := docstore.New(docstoretest.NewMemory(), bus, docstore.Config{})
	docs := docstore.NewCollection[string](store, "things")
	_, err := docs.Insert(t.Context(), "a", "old", message(t, "Old"))
	require.NoError(t, err)

	require.NoError(t, store.Publisher().Publish(t.Context(), message(t, "New")))
	assert.Equal(t, []string{"Old", "New"}, bus.Types())
}

func TestPublisherGivesUpWithItsContext(t *testing.T) {
	backend := docstoretest.NewMemory()
	store := docstore.New(backend, &docstoretest.Recorder{}, docstore.Config{})
	docs := docstore.NewCollection[string](store, "things")
	_, err := docs.Insert(t.Context(), "a", "old", message(t, "Old"))
	require.NoError(t, err)
	_, err = backend.Claim(t.Context(), time.Hour, 1) // by a process that has died
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, store.Publisher().Publish(ctx, message(t, "New")), context.DeadlineExceeded)
}

// What is wrong with an event says nothing about the messages behind it.
func TestPublisherTellsItsMessagesFromEvents(t *testing.T) {
	bus := &docstoretest.Recorder{}
	store := docstore.New(docstoretest.NewMemory(), bus, docstore.Config{})
	docs := docstore.NewCollection[string](store, "things")
	event := message(t, "Old")
	_, err := docs.Insert(t.Context(), "a", "old", event)
	require.NoError(t, err)
	bus.FailWith(&eventbus.PublishError{Total: 1, Failed: []eventbus.PublishFailure{{Message: event, Err: eventbus.ErrTooLarge}}})

	err = store.Publisher().Publish(t.Context(), message(t, "New"), message(t, "Newer"))
	require.ErrorContains(t, err, "too large")
	assert.NotErrorAs(t, err, new(*eventbus.PublishError))
	assert.False(t, eventbus.Refused(err))
	assert.Empty(t, bus.Types())
}
