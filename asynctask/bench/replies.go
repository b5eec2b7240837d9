package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
)

// nowhere is a bus that only counts, so that the store is what is measured.
type nowhere struct{ published atomic.Int64 }

func (b *nowhere) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	b.published.Add(int64(len(msgs)))
	return nil
}

// fan is a task of one step with n requests, all in flight at once.
func fan(n int) asynctask.Definition {
	return asynctask.Definition{Type: "Fan", Steps: []asynctask.Step{{
		Name: "leaves", ReplyEvents: []string{"Reply"}, ReplyTopic: "replies", Window: -1,
		Requests: func(context.Context, asynctask.Task) iter.Seq2[asynctask.Request, error] {
			return func(yield func(asynctask.Request, error) bool) {
				for i := range n {
					r := asynctask.Request{
						Name: fmt.Sprintf("dev-%08d", i), Topic: "leaves", EventType: "Leaf",
						Payload: json.RawMessage(`{"device":{"device_id":"dev-000000000","account_id":"acc-000000","isp_id":"isp","kind":"router","name":"Living room"}}`),
					}
					if !yield(r, nil) {
						return
					}
				}
			}
		},
	}}}
}

func replyTo(taskID string, i int) *eventbus.Message {
	return &eventbus.Message{
		EventType: "Reply", Topic: "replies", Timestamp: time.Now(),
		Payload: json.RawMessage(fmt.Sprintf(`{"request_id":"%s/leaves/dev-%08d","job_id":"job","status":"ok"}`, taskID, i)),
	}
}

// stretch is the sequence in which n requests are answered: shuffled, as a
// usual window's are.
func stretch(from, n int) []int {
	out := rand.Perm(n)
	for i := range out {
		out[i] += from
	}
	return out
}

// answer dispatches replies to count of the requests from several goroutines,
// as a consumer of several partitions does.
func answer(ctx context.Context, m *asynctask.Manager, taskID string, seq []int, workers int) (time.Duration, error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, workers)
	began := time.Now()
	for w := range workers {
		wg.Go(func() {
			for errs[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(seq) {
					return
				}
				_, errs[w] = m.DispatchEvent(ctx, replyTo(taskID, seq[i]))
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}
