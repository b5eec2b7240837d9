package management_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/portschema"
	"github.com/hexplane/hexplane/management"
)

// flakyState holds its transactions until each is let go, and fails one of them:
// before it, or after it with the answer lost.
type flakyState struct {
	management.StateStore

	let    chan struct{}
	failAt int
	after  bool

	mu    sync.Mutex
	calls int
}

var errLost = errors.New("lost")

func (s *flakyState) Update(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	<-s.let
	s.mu.Lock()
	s.calls++
	fail := s.calls == s.failAt
	s.mu.Unlock()
	if fail && !s.after {
		return errLost
	}
	err := s.StateStore.Update(ctx, fn)
	if fail && err == nil {
		return errLost
	}
	return err
}

// TestBatchesShareATransaction: while callers queue, the end of one batch and the
// beginning of the next are one transaction.
func TestBatchesShareATransaction(t *testing.T) {
	state := createInWaves(t, 0, false)
	require.Equal(t, 1+1+1+1, state.calls, "the first begins; twice an end with a beginning; the last ends")
}

// TestAFailedTransactionOfTwoBatches fails each transaction in turn: whatever was
// stored and counted before the failure is so once.
func TestAFailedTransactionOfTwoBatches(t *testing.T) {
	for failAt := 1; failAt <= 6; failAt++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d/after=%v", failAt, after), func(t *testing.T) { createInWaves(t, failAt, after) })
		}
	}
}

// createInWaves creates projects in three batches, each of which queues behind the
// one before, and repeats those that fail.
func createInWaves(t *testing.T, failAt int, after bool) *flakyState {
	t.Helper()
	var state *flakyState
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		owner := w.account(t, "a").ID
		state = &flakyState{StateStore: w.state, let: make(chan struct{}), failAt: failAt, after: after}
		svc := management.New(state, w.demeter, portschema.New(), w.cfg)
		create := func(s *management.Service, name string) error {
			_, err := s.CreateProject(operator(t.Context()), management.NewProject{
				AccountID: owner, Name: name, IdempotencyKey: name,
			})
			return err
		}
		var callers sync.WaitGroup
		var names []string
		for wave, size := range []int{1, 3, 2} {
			for i := range size {
				name := fmt.Sprintf("p%d-%d", wave, i)
				names = append(names, name)
				callers.Go(func() {
					if err := create(svc, name); err != nil {
						require.ErrorIs(t, err, management.ErrUnavailable)
						require.NoError(t, create(w.Service, name))
					}
				})
			}
			synctest.Wait()
			if wave > 0 {
				state.let <- struct{}{}
				synctest.Wait()
			}
		}
		close(state.let)
		callers.Wait()
		require.NoError(t, w.Recover(t.Context()))
		requireAgreement(t, w, true)
		all, err := w.ListProjects(operator(t.Context()), owner, false, management.Page{})
		require.NoError(t, err)
		require.Len(t, all, 1+len(names))
	})
	return state
}
