package eventbus_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

func TestHandle(t *testing.T) {
	mux := eventbus.NewMux()
	var got []order
	require.NoError(t, eventbus.Handle(mux, "Ordered", func(_ context.Context, ev eventbus.Event[order]) error {
		require.Equal(t, "Ordered", ev.EventType)
		got = append(got, ev.Data)
		return nil
	}))
	notify := func(eventType, payload string) error {
		return mux.Notify(t.Context(), &eventbus.Message{EventType: eventType, Payload: json.RawMessage(payload)})
	}
	require.NoError(t, notify("Ordered", `{"id":"1","total":5,"added_later":true}`))
	require.NoError(t, notify("Shipped", `{}`), "nobody wants it")
	require.Equal(t, []order{{"1", 5}}, got)
	for name, payload := range map[string]string{
		"nothing": ``, "wrong type": `{"id":1}`, "not valid": `{"id":"1","total":-1}`, "field missing": `{"total":1}`,
		"no object": `[]`, "two values": `{"id":"1"} {}`,
	} {
		err := notify("Ordered", payload)
		require.ErrorIs(t, err, eventbus.ErrUndecodable, name)
		require.True(t, eventbus.IsPermanent(err), name)
	}
	require.Len(t, got, 1)
}

func TestHandlePointersAndScalars(t *testing.T) {
	mux := eventbus.NewMux()
	var pointer *order
	var scalar int
	require.NoError(t, eventbus.Handle(mux, "A", func(_ context.Context, ev eventbus.Event[*order]) error {
		pointer = ev.Data
		return nil
	}))
	require.NoError(t, eventbus.Handle(mux, "B", func(_ context.Context, ev eventbus.Event[int]) error {
		scalar = ev.Data
		return nil
	}))
	require.NoError(t, mux.Notify(t.Context(), &eventbus.Message{EventType: "A", Payload: json.RawMessage(`{"id":"1"}`)}))
	require.NoError(t, mux.Notify(t.Context(), &eventbus.Message{EventType: "B", Payload: json.RawMessage(`7`)}))
	require.Equal(t, &order{ID: "1"}, pointer)
	require.Equal(t, 7, scalar)
	err := mux.Notify(t.Context(), &eventbus.Message{EventType: "A", Payload: json.RawMessage(`{}`)})
	require.True(t, eventbus.IsPermanent(err), "a pointer's struct is validated too")
}

func TestBadRoutes(t *testing.T) {
	mux := eventbus.NewMux()
	nothing := eventbus.CallbackFunc(func(context.Context, *eventbus.Message) error { return nil })
	require.ErrorIs(t, mux.On("", nothing), eventbus.ErrNoEventType)
	require.ErrorIs(t, mux.On("A", nil), eventbus.ErrNoCallback)
	require.NoError(t, mux.On("A", nothing))
	require.ErrorIs(t, mux.On("A", nothing), eventbus.ErrAlreadyRegistered)
	require.ErrorIs(t, eventbus.Handle[int](mux, "B", nil), eventbus.ErrNoCallback)
}
