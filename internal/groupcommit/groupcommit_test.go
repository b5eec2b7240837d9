package groupcommit_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/groupcommit"
)

// recorder doubles numbers and remembers the batches; each waits to be let go.
type recorder struct {
	mu      sync.Mutex
	batches [][]int
	let     chan struct{}
	err     error
}

func (r *recorder) do(_ context.Context, _ string, in []int) ([]int, error) {
	r.mu.Lock()
	r.batches = append(r.batches, in)
	r.mu.Unlock()
	<-r.let
	out := make([]int, len(in))
	for i, n := range in {
		out[i] = 2 * n
	}
	return out, r.err
}

func TestCallsThatArriveMeanwhileAreTheNextBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{let: make(chan struct{})}
		g := groupcommit.New(3, r.do)
		got := make([]int, 6)
		var callers sync.WaitGroup
		for i := range got {
			callers.Go(func() {
				out, err := g.Do(t.Context(), "k", i)
				require.NoError(t, err)
				got[i] = out
			})
			synctest.Wait()
		}
		close(r.let)
		callers.Wait()
		require.Equal(t, [][]int{{0}, {1, 2, 3}, {4, 5}}, r.batches)
		require.Equal(t, []int{0, 2, 4, 6, 8, 10}, got)
	})
}

func TestKeysDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{let: make(chan struct{})}
		g := groupcommit.New(3, r.do)
		var callers sync.WaitGroup
		for _, key := range []string{"a", "b"} {
			callers.Go(func() { _, _ = g.Do(t.Context(), key, 1) })
		}
		synctest.Wait()
		require.Len(t, r.batches, 2)
		close(r.let)
		callers.Wait()
	})
}

func TestAnErrorIsEverybodysAndTheNextBatchGoesOn(t *testing.T) {
	r := &recorder{let: make(chan struct{}), err: errors.New("away")}
	close(r.let)
	g := groupcommit.New(3, r.do)
	_, err := g.Do(t.Context(), "k", 1)
	require.ErrorIs(t, err, r.err)
	r.err = nil
	out, err := g.Do(t.Context(), "k", 2)
	require.NoError(t, err)
	require.Equal(t, 4, out)
}

func TestACallerThatGivesUpLeavesTheOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{let: make(chan struct{})}
		g := groupcommit.New(3, r.do)
		ctx, giveUp := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		results := make([]error, 3)
		for i, ctx := range []context.Context{t.Context(), ctx, t.Context()} {
			callers.Go(func() { _, results[i] = g.Do(ctx, "k", i) })
			synctest.Wait()
		}
		giveUp()
		synctest.Wait()
		require.ErrorIs(t, results[1], context.Canceled)
		close(r.let)
		callers.Wait()
		require.Equal(t, [][]int{{0}, {2}}, r.batches)
		require.NoError(t, results[2])
	})
}

func TestABatchEndsWithTheLastOfItsCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Int64
		g := groupcommit.New(3, func(ctx context.Context, _ string, in []int) ([]int, error) {
			<-ctx.Done()
			ended.Add(1)
			return in, ctx.Err()
		})
		first, giveUpFirst := context.WithCancel(t.Context())
		second, giveUpSecond := context.WithTimeout(t.Context(), time.Minute)
		third, giveUpThird := context.WithTimeout(t.Context(), time.Hour)
		defer giveUpSecond()
		defer giveUpThird()
		results := make([]error, 3)
		var callers sync.WaitGroup
		for i, ctx := range []context.Context{first, second, third} {
			callers.Go(func() { _, results[i] = g.Do(ctx, "k", i) })
			synctest.Wait()
		}
		giveUpFirst()
		synctest.Wait()
		require.EqualValues(t, 1, ended.Load())
		callers.Wait()
		require.EqualValues(t, 2, ended.Load())
		require.Equal(t, []error{context.Canceled, context.DeadlineExceeded, context.DeadlineExceeded}, results)
	})
}

func TestAPanicIsAnError(t *testing.T) {
	g := groupcommit.New(3, func(context.Context, string, []int) ([]int, error) { panic("oops") })
	for range 2 {
		_, err := g.Do(t.Context(), "k", 1)
		require.ErrorIs(t, err, groupcommit.ErrPanic)
		require.ErrorContains(t, err, "oops")
	}
}

// TestLookingAhead lets callers of a batch that was looked at give up: it comes as it
// was seen, led by one that waits, or not at all when nobody does.
func TestLookingAhead(t *testing.T) {
	for name, c := range map[string]struct {
		givesUp [2]bool
		want    [][]int
	}{
		"nobody gives up": {[2]bool{false, false}, [][]int{{0}, {1, 2}, {3}}},
		"the first":       {[2]bool{true, false}, [][]int{{0}, {1, 2}, {3}}},
		"the second":      {[2]bool{false, true}, [][]int{{0}, {1, 2}, {3}}},
		"both":            {[2]bool{true, true}, [][]int{{0}, {3}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				looked, let := make(chan []int), make(chan struct{})
				var did [][]int
				g := groupcommit.NewLookingAhead(3, func(_ context.Context, _ string, in []int, ahead func() []int) ([]int, error) {
					did = append(did, in)
					if <-let; in[0] == 0 {
						looked <- ahead()
						<-let
					}
					return in, nil
				})
				given, giveUp := context.WithCancel(t.Context())
				var callers sync.WaitGroup
				call := func(i int, givesUp bool) {
					ctx, want := t.Context(), error(nil)
					if givesUp {
						ctx, want = given, context.Canceled
					}
					callers.Go(func() {
						out, err := g.Do(ctx, "k", i)
						require.ErrorIs(t, err, want)
						if want == nil {
							require.Equal(t, i, out)
						}
					})
					synctest.Wait()
				}
				call(0, false)
				call(1, c.givesUp[0])
				call(2, c.givesUp[1])
				let <- struct{}{}
				require.Equal(t, []int{1, 2}, <-looked)
				call(3, false)
				giveUp()
				synctest.Wait()
				close(let)
				callers.Wait()
				require.Equal(t, c.want, did)
			})
		})
	}
}
