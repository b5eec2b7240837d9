package hsadmin_test

import (
	"context"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/rsmodels"
)

func request(i int) hsadmin.Request {
	return hsadmin.Request{Method: http.MethodPut, Path: "/devices/" + strconv.Itoa(i), Body: "{}"}
}

func requests(n int) []hsadmin.Request {
	all := make([]hsadmin.Request, n)
	for i := range all {
		all[i] = request(i)
	}
	return all
}

func TestBatchHasOneOutcomePerRequestInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: func(_ int, req *http.Request) (*http.Response, error) {
			i, err := strconv.Atoi(req.URL.Path[len("/isp-1/devices/"):])
			if err != nil {
				return nil, err
			}
			time.Sleep(time.Duration(i*7919%13) * time.Millisecond) // on the fake clock, so that calls end out of order
			return status([]int{204, 404, 422}[i%3])
		}}
		batch := hsadmin.NewBatchClient(fakeClient(t, fake, hsadmin.Config{}), hsadmin.BatchConfig{}).SendAll(t.Context(), requests(300))

		require.Len(t, batch.Outcomes, 300)
		for i, outcome := range batch.Outcomes {
			assert.Equal(t, i, outcome.Index)
			switch i % 3 {
			case 0:
				assert.Equal(t, hsadmin.Succeeded, outcome.State)
				assert.Equal(t, 204, outcome.Response.Status)
			case 1:
				require.ErrorIs(t, outcome.Err, hsadmin.ErrNotFound)
			case 2:
				require.ErrorIs(t, outcome.Err, hsadmin.ErrInvalid)
			}
		}
		assert.Equal(t, []int{100, 200, 0}, []int{batch.Succeeded, batch.Failed, batch.NotStarted})
	})
}

func TestBatchBoundsWhatRunsAndWhatIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, peak, taken, delivered atomic.Int64
		fake := &fakeTransport{answer: func(int, *http.Request) (*http.Response, error) {
			peak.Store(max(peak.Load(), running.Add(1)))
			defer running.Add(-1)
			time.Sleep(time.Millisecond)
			return status(204)
		}}
		client := hsadmin.NewBatchClient(fakeClient(t, fake, hsadmin.Config{}), hsadmin.BatchConfig{MaxConcurrency: 8, InitialConcurrency: 8})
		input := func(yield func(hsadmin.Request) bool) {
			for i := range 500 {
				taken.Add(1)
				if !yield(request(i)) {
					return
				}
			}
		}
		for range client.Stream(t.Context(), input) {
			time.Sleep(5 * time.Millisecond) // a slow consumer
			delivered.Add(1)
			assert.LessOrEqual(t, taken.Load()-delivered.Load(), int64(3*8), "nothing piles up")
		}
		assert.EqualValues(t, 500, delivered.Load())
		assert.LessOrEqual(t, peak.Load(), int64(8))
	})
}

func TestBatchCancellationTellsDoneFromNotStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		fake := &fakeTransport{answer: func(n int, req *http.Request) (*http.Response, error) {
			if n == 20 {
				cancel()
			}
			if n >= 18 {
				return hang(n, req)
			}
			return status(204)
		}}
		client := hsadmin.NewBatchClient(fakeClient(t, fake, hsadmin.Config{}), hsadmin.BatchConfig{MaxConcurrency: 4})

		batch := client.SendAll(ctx, requests(100))

		assert.Equal(t, 17, batch.Succeeded)
		assert.Equal(t, 100, batch.Succeeded+batch.Failed+batch.NotStarted)
		assert.Equal(t, len(fake.requests())-17, batch.Failed, "what was sent without an answer")
		for i, outcome := range batch.Outcomes {
			assert.Equal(t, i, outcome.Index)
			if outcome.State != hsadmin.Succeeded {
				require.ErrorIs(t, outcome.Err, context.Canceled)
			}
		}
	})
}

func TestBreakingOutEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: func(n int, req *http.Request) (*http.Response, error) {
			if n > 5 {
				return hang(n, req)
			}
			return status(204)
		}}
		client := hsadmin.NewBatchClient(fakeClient(t, fake, hsadmin.Config{}), hsadmin.BatchConfig{})
		endless := func(yield func(hsadmin.Request) bool) {
			for i := 0; yield(request(i)); i++ { //nolint:revive // the sequence has no end
			}
		}
		for range client.Stream(t.Context(), endless) {
			break
		}
		// synctest fails the test when a goroutine is left.
	})
}

func TestABatchGoesThroughADecoratorOfOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fakeClient(t, &fakeTransport{answer: func(int, *http.Request) (*http.Response, error) {
			time.Sleep(time.Millisecond) // on the fake clock
			return status(204)
		}}, hsadmin.Config{})
		var seen atomic.Int64
		counting := hsadmin.RequesterFunc(func(ctx context.Context, req *hsadmin.Request) (*hsadmin.Response, error) {
			seen.Add(1)
			return client.Do(ctx, req)
		})
		batch := hsadmin.NewBatchClient(counting, hsadmin.BatchConfig{InitialConcurrency: 4, MaxConcurrency: 8})
		result := batch.SendAll(t.Context(), requests(200))
		assert.Equal(t, 200, result.Succeeded)
		assert.EqualValues(t, 200, seen.Load())
		assert.Equal(t, 8, batch.Concurrency(), "attempts are observed through it")
	})
}

func TestBatchesShareTheBoundAndASlowInputHoldsNoneOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, peak atomic.Int64
		client := fakeClient(t, &fakeTransport{answer: func(int, *http.Request) (*http.Response, error) {
			peak.Store(max(peak.Load(), running.Add(1)))
			defer running.Add(-1)
			time.Sleep(time.Millisecond)
			return status(204)
		}}, hsadmin.Config{})
		batch := hsadmin.NewBatchClient(client, hsadmin.BatchConfig{InitialConcurrency: 4, MaxConcurrency: 4})
		slow := func(yield func(hsadmin.Request) bool) {
			for i := range 10 {
				time.Sleep(time.Hour)
				if !yield(request(i)) {
					return
				}
			}
		}
		var both sync.WaitGroup
		both.Go(func() { assert.Len(t, slices.Collect(batch.Stream(t.Context(), slow)), 10) })
		start := time.Now()
		assert.Equal(t, 400, batch.SendAll(t.Context(), requests(400)).Succeeded)
		assert.Less(t, time.Since(start), time.Minute, "the slow one holds nothing")
		both.Wait()
		assert.LessOrEqual(t, peak.Load(), int64(4))
	})
}

func TestBatchOfDocuments(t *testing.T) {
	backend, client := newBackend(t, nil)
	var docs iter.Seq[rsmodels.DeviceConfiguration] = func(yield func(rsmodels.DeviceConfiguration) bool) {
		for i := range 50 {
			if !yield(deviceDocument(t, "dev-"+strconv.Itoa(i))) {
				return
			}
		}
		yield(rsmodels.DeviceConfiguration{}) // refused before it is sent
	}
	outcomes := slices.Collect(hsadmin.NewBatchClient(client, hsadmin.BatchConfig{}).Stream(t.Context(), hsadmin.Puts(docs)))

	require.Len(t, outcomes, 51)
	assert.Equal(t, 50, backend.Count(rsmodels.KindDevices))
	refused := outcomes[slices.IndexFunc(outcomes, func(o hsadmin.Outcome) bool { return o.Index == 50 })]
	assert.Equal(t, hsadmin.Failed, refused.State)
	require.ErrorIs(t, refused.Err, hsadmin.ErrInvalid)
}

func TestConcurrencyFollowsTheBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int64
		var capacity, slow atomic.Int64
		capacity.Store(1000)
		fake := &fakeTransport{answer: func(int, *http.Request) (*http.Response, error) {
			now := running.Add(1)
			defer running.Add(-1)
			time.Sleep(10*time.Millisecond + time.Duration(slow.Load()))
			if now > capacity.Load() {
				return status(429)
			}
			return status(204)
		}}
		client := hsadmin.NewBatchClient(fakeClient(t, fake, hsadmin.Config{
			Retry: hsadmin.RetryConfig{BudgetRatio: -1}, Breaker: hsadmin.BreakerConfig{Disabled: true},
		}), hsadmin.BatchConfig{})

		client.SendAll(t.Context(), requests(3000))
		assert.Equal(t, 64, client.Concurrency(), "grows to the bound while all is well")

		capacity.Store(12)
		client.SendAll(t.Context(), requests(3000))
		assert.LessOrEqual(t, client.Concurrency(), 18, "shrinks when throttled")
		assert.GreaterOrEqual(t, client.Concurrency(), 4)

		capacity.Store(1000)
		client.SendAll(t.Context(), requests(3000))
		assert.Equal(t, 64, client.Concurrency(), "grows back")

		slow.Store(int64(200 * time.Millisecond))
		client.SendAll(t.Context(), requests(500))
		assert.Less(t, client.Concurrency(), 24, "shrinks when answers become slow")
	})
}

func TestConcurrencySettlesNearWhatTheBackendBears(t *testing.T) {
	for _, capacity := range []int{6, 12, 30} {
		t.Run(strconv.Itoa(capacity), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var running atomic.Int64
				fake := &fakeTransport{answer: func(int, *http.Request) (*http.Response, error) {
					defer running.Add(-1)
					if running.Add(1) > int64(capacity) {
						time.Sleep(time.Millisecond) // on the fake clock, as below
						return status(429)
					}
					time.Sleep(10 * time.Millisecond)
					return status(204)
				}}
				// So many attempts that a call fails only when the retry budget is spent.
				retries := hsadmin.RetryConfig{MaxAttempts: 20}
				client := hsadmin.NewBatchClient(fakeClient(t, fake, hsadmin.Config{Retry: retries}), hsadmin.BatchConfig{})
				require.Equal(t, 1000, client.SendAll(t.Context(), requests(1000)).Succeeded)
				before, calls, sum := len(fake.requests()), 200*capacity, 0
				for outcome := range client.Stream(t.Context(), slices.Values(requests(calls))) {
					assert.Equal(t, hsadmin.Succeeded, outcome.State)
					now := client.Concurrency()
					assert.LessOrEqual(t, now, capacity*3/2)
					sum += now
				}
				assert.GreaterOrEqual(t, sum/calls, capacity*2/3, "on average, so that it is used")
				assert.Less(t, len(fake.requests())-before, calls*4/3, "refusals are few")
			})
		})
	}
}

func TestACallHoldsNoPlaceWhileItWaitsForItsRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refused atomic.Bool
		fake := &fakeTransport{answer: func(_ int, req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "/0") && refused.CompareAndSwap(false, true) {
				return status(503, "Retry-After", "15")
			}
			time.Sleep(time.Millisecond) // on the fake clock
			return status(204)
		}}
		client := hsadmin.NewBatchClient(fakeClient(t, fake, hsadmin.Config{}),
			hsadmin.BatchConfig{MinConcurrency: 1, InitialConcurrency: 1, MaxConcurrency: 2})
		start := time.Now()
		var order []int
		for outcome := range client.Stream(t.Context(), slices.Values(requests(10))) {
			order = append(order, outcome.Index)
			assert.Equal(t, len(order) == 10, time.Since(start) > 14*time.Second, "after %v", time.Since(start))
		}
		assert.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 0}, order)
	})
}

func TestStrayFailuresDoNotShrinkTheConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: func(n int, _ *http.Request) (*http.Response, error) {
			time.Sleep(10 * time.Millisecond)
			switch n % 20 {
			case 0:
				return status(503)
			case 5:
				return status(429)
			case 10:
				return nil, io.ErrUnexpectedEOF
			case 15:
				time.Sleep(time.Second)
			}
			return status(204)
		}}
		client := hsadmin.NewBatchClient(fakeClient(t, fake, hsadmin.Config{Retry: hsadmin.RetryConfig{MaxAttempts: 20}}), hsadmin.BatchConfig{})
		result := client.SendAll(t.Context(), requests(5000))
		assert.Equal(t, 5000, result.Succeeded)
		assert.Greater(t, client.Concurrency(), 36, "grows from 16 to what is used: some of the 64 calls always wait for a retry")
	})
}
