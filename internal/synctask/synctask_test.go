package synctask_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/synctask"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestVersionedNamesSplitAgain(t *testing.T) {
	for _, name := range []string{"d1", "isp:p1", "odd@name", "with/slash"} {
		request, err := synctask.Versioned(asynctask.Request{Name: name, Payload: map[string]int{"a": 1}})
		require.NoError(t, err)
		got, digest, ok := synctask.Split(asynctask.RequestID("T_1", "step", request.Name))
		require.True(t, ok)
		assert.Equal(t, name, got)
		want, err := synctask.Digest(map[string]int{"a": 1})
		require.NoError(t, err)
		assert.Equal(t, want, digest)
	}
	for _, id := range []string{"", "T_1", "T_1/step", "T_1/step/unversioned"} {
		_, _, ok := synctask.Split(id)
		assert.False(t, ok, id)
	}
	_, err := synctask.Versioned(asynctask.Request{Payload: func() {}})
	require.Error(t, err)
}

func TestSame(t *testing.T) {
	same, err := synctask.Same(map[string]int{"a": 1, "b": 2}, map[string]int{"b": 2, "a": 1})
	require.NoError(t, err)
	assert.True(t, same)
	same, err = synctask.Same([]int{1}, []int{2})
	require.NoError(t, err)
	assert.False(t, same)
}

// publisher runs a function in each Publish.
type publisher func(*eventbus.Message) error

func (p publisher) Publish(_ context.Context, msgs ...*eventbus.Message) error { return p(msgs[0]) }

func TestSettleTellsUntilNothingChangesMeanwhile(t *testing.T) {
	state, told := "v2", []string{}
	bus := publisher(func(m *eventbus.Message) error {
		told = append(told, m.EventType)
		if state == "v2" {
			state = "v3" // somebody changes it just before it is told
		}
		return nil
	})
	now := func(context.Context) (string, *eventbus.Message, error) {
		return state, &eventbus.Message{EventType: state}, nil
	}
	require.NoError(t, synctask.Settle(t.Context(), bus, "v1", now))
	assert.Equal(t, []string{"v2", "v3"}, told)
	require.NoError(t, synctask.Settle(t.Context(), bus, "v3", now))
	assert.Len(t, told, 2, "the backend has it already")
}

func TestSettleStops(t *testing.T) {
	broken := errors.New("broken")
	bus := publisher(func(*eventbus.Message) error { return broken })
	require.ErrorIs(t, synctask.Settle(t.Context(), bus, "v1", func(context.Context) (string, *eventbus.Message, error) {
		return "v2", &eventbus.Message{}, nil
	}), broken)
	require.ErrorIs(t, synctask.Settle(t.Context(), bus, "v1", func(context.Context) (string, *eventbus.Message, error) {
		return "", nil, broken
	}), broken)
	require.NoError(t, synctask.Settle(t.Context(), bus, "v1", func(context.Context) (string, *eventbus.Message, error) {
		return "", nil, nil
	}), "nothing to tell")
}

type dispatcher struct{ err error }

func (d dispatcher) DispatchEvent(context.Context, *eventbus.Message) (asynctask.Result, error) {
	return asynctask.Result{}, d.err
}

func TestDispatch(t *testing.T) {
	away := errors.New("no database")
	for cause, want := range map[error]struct{ fails, permanent bool }{
		nil: {}, asynctask.ErrLateReply: {}, asynctask.ErrUnknownRequest: {},
		asynctask.ErrBadReply: {true, true}, asynctask.ErrWrongEventType: {true, true}, away: {true, false},
	} {
		err := synctask.Dispatch(t.Context(), dispatcher{cause}, &eventbus.Message{})
		assert.Equal(t, want.fails, err != nil, "%v", cause)
		assert.Equal(t, want.permanent, eventbus.IsPermanent(err), "%v", cause)
	}
}
