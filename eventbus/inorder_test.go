package eventbus_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// patchy is a publisher that refuses some messages once.
type patchy struct {
	refused map[string]error // by payload
	sent    []string
	calls   int
}

func (p *patchy) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	p.calls++
	failure := &eventbus.PublishError{Total: len(msgs)}
	for i, msg := range msgs {
		if err := p.refused[string(msg.Payload)]; err != nil {
			failure.Failed = append(failure.Failed, eventbus.PublishFailure{Index: i, Message: msg, Err: err})
			continue
		}
		p.sent = append(p.sent, string(msg.Payload))
	}
	if len(failure.Failed) == 0 {
		return nil
	}
	return failure
}

func numbered(t *testing.T, keys ...string) []*eventbus.Message {
	t.Helper()
	msgs := make([]*eventbus.Message, len(keys))
	for n, key := range keys {
		var err error
		msgs[n], err = eventbus.NewMessage("topic", "Tested", key, n)
		require.NoError(t, err)
	}
	return msgs
}

func TestInOrder(t *testing.T) {
	away := errors.New("away")
	out := &patchy{refused: map[string]error{"1": away, "2": eventbus.ErrTooLarge, "7": away}}
	msgs := numbered(t, "a", "a", "b", "a", "b", "c", "a", "", "")
	err := eventbus.InOrder(out).Publish(t.Context(), msgs...)
	require.Equal(t, []string{"0", "5", "8", "4"}, out.sent, "nothing of a follows 1; 2 holds nobody up")
	var failure *eventbus.PublishError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, len(msgs), failure.Total)
	failed := make(map[int]bool)
	for _, f := range failure.Failed {
		failed[f.Index] = eventbus.Refused(f.Err)
		require.Same(t, msgs[f.Index], f.Message)
	}
	require.Equal(t, map[int]bool{1: false, 2: true, 3: false, 6: false, 7: false}, failed)

	out = &patchy{}
	require.NoError(t, eventbus.InOrder(out).Publish(t.Context(), numbered(t, "a", "b", "c", "")...))
	require.Equal(t, 1, out.calls)
	require.NoError(t, eventbus.InOrder(out).Publish(t.Context()))
	require.ErrorIs(t, eventbus.InOrder(closed{}).Publish(t.Context(), msgs...), eventbus.ErrClosed)
}

// closed is a publisher that was closed.
type closed struct{}

func (closed) Publish(context.Context, ...*eventbus.Message) error { return eventbus.ErrClosed }
