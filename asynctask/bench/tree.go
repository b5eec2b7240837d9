package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
)

const leavesPerBulk = 500

// tree runs a root, its bulks and their leaves, all over a bus, to the end.
func (b *bench) tree(ctx context.Context, name string, store asynctask.Store, transport eventbus.Transport) error {
	began := time.Now()
	outcome, err := run(ctx, store, transport, "Root-"+name,
		asynctask.Definition{Type: "Root", Steps: []asynctask.Step{{
			Name: "bulks", ReplyTopic: "replies", ReplyEvents: []string{"BulkReply"}, Window: 20,
			Requests: same(b.size/leavesPerBulk, asynctask.Request{Topic: "bulks", EventType: "Bulk"}),
		}}},
		asynctask.Definition{Type: "Bulk", ReplyEvent: "BulkReply", Steps: []asynctask.Step{askLeaves(leavesPerBulk)}})
	if err != nil {
		return err
	}
	b.row(name, fmt.Sprintf("tree of three levels, %d leaves", b.size), rate(int(outcome.Counts.OK), time.Since(began)))
	return nil
}

// askLeaves is a step of n requests that are answered at once.
func askLeaves(n int) asynctask.Step {
	return asynctask.Step{
		Name: "leaves", ReplyTopic: "replies", ReplyEvents: []string{"LeafReply"},
		Requests: same(n, asynctask.Request{Topic: "leaves", EventType: "Leaf", Payload: json.RawMessage(`{"device":{"device_id":"d"}}`)}),
	}
}

// run runs a task of the first definition, with all that it requests, to its end.
func run(ctx context.Context, store asynctask.Store, transport eventbus.Transport, id string, defs ...asynctask.Definition) (asynctask.Outcome, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var outcome asynctask.Outcome
	factory := eventbus.NewFactory(transport, eventbus.FactoryConfig{Logger: slog.New(slog.DiscardHandler)})
	out, err := factory.Producer(eventbus.ClientDefault)
	if err != nil {
		return outcome, err
	}
	defer out.Close()
	in, err := factory.Consumer("bench", eventbus.ClientDefault)
	if err != nil {
		return outcome, err
	}
	defer in.Close(context.WithoutCancel(ctx))
	ended := make(chan asynctask.Outcome, 1)
	defs[0].OnEnd = func(_ context.Context, t asynctask.Task, o asynctask.Outcome) error {
		if t.ID != id { // an earlier run's, which that one did not wait for
			return nil
		}
		select {
		case ended <- o:
		default: // told again
		}
		return nil
	}
	m, err := asynctask.NewManager(store, out, asynctask.Config{Logger: slog.New(slog.DiscardHandler)}, defs...)
	if err != nil {
		return outcome, err
	}
	if err := register(in, m, out); err != nil {
		return outcome, err
	}
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	if _, err := m.Start(ctx, asynctask.StartOptions{Type: defs[0].Type, ID: id, JobID: id}); err != nil {
		return outcome, err
	}
	outcome = <-ended
	stop()
	return outcome, <-done
}

func same(n int, r asynctask.Request) func(context.Context, asynctask.Task) iter.Seq2[asynctask.Request, error] {
	return func(context.Context, asynctask.Task) iter.Seq2[asynctask.Request, error] {
		return func(yield func(asynctask.Request, error) bool) {
			for range n {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

func register(in *eventbus.Consumer, m *asynctask.Manager, out eventbus.Publisher) error {
	mux := eventbus.NewMux()
	err := errors.Join(
		mux.On("Bulk", m.Starter("Bulk")), mux.On("BulkReply", m.Replies()), mux.On("LeafReply", m.Replies()),
		mux.On("Leaf", eventbus.CallbackFunc(func(ctx context.Context, msg *eventbus.Message) error {
			reply, err := eventbus.NewMessage("replies", "LeafReply", msg.Key, asynctask.Reply{RequestID: msg.Key, Status: asynctask.StatusOK})
			if err != nil {
				return err
			}
			return out.Publish(ctx, reply)
		})))
	if err != nil {
		return err
	}
	return in.Register(
		eventbus.Registry{Topic: "bulks", Callback: mux}, eventbus.Registry{Topic: "leaves", Callback: mux}, eventbus.Registry{Topic: "replies", Callback: mux})
}
