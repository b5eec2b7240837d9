package asynctask_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"os"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/memstore"
	"github.com/hexplane/hexplane/eventbus"
)

// A full sync is three definitions. SyncAll asks for one thing after the other,
// SyncAccounts cuts the accounts into bulks, SyncAccountsBulk asks for each
// device of its accounts.
func syncDefinitions(accounts []string, devices func(account string) iter.Seq[string]) []asynctask.Definition {
	return []asynctask.Definition{
		{Type: "SyncAll", ReplyEvent: "SyncAllReply", Steps: []asynctask.Step{
			{
				Name: "system", Requests: asynctask.Fixed(asynctask.Request{Topic: "client-requests", EventType: "SyncSystem"}),
				ReplyTopic: "sync-replies", ReplyEvents: []string{"SyncSystemReply"},
			},
			{
				Name: "accounts", Requests: asynctask.Fixed(asynctask.Request{Topic: "client-requests", EventType: "SyncAccounts"}),
				ReplyTopic: "sync-replies", ReplyEvents: []string{"SyncAccountsReply"},
			},
		}},
		{Type: "SyncAccounts", ReplyEvent: "SyncAccountsReply", Steps: []asynctask.Step{{
			Name: "bulks", ReplyTopic: "client-replies", ReplyEvents: []string{"SyncAccountsBulkReply"}, Window: 10,
			Requests: func(context.Context, asynctask.Task) iter.Seq2[asynctask.Request, error] {
				return func(yield func(asynctask.Request, error) bool) {
					for _, account := range accounts {
						r := asynctask.Request{
							Name: account, Topic: "client-requests", EventType: "SyncAccountsBulk",
							Payload: bulk{Accounts: []string{account}},
						}
						if !yield(r, nil) {
							return
						}
					}
				}
			},
		}}},
		{Type: "SyncAccountsBulk", ReplyEvent: "SyncAccountsBulkReply", Steps: []asynctask.Step{{
			Name: "devices", ReplyTopic: "client-replies", ReplyEvents: []string{"DeviceCreatedReply"},
			Policy: asynctask.AtMostPercent(1),
			Requests: func(_ context.Context, task asynctask.Task) iter.Seq2[asynctask.Request, error] {
				return func(yield func(asynctask.Request, error) bool) {
					var b bulk
					if err := json.Unmarshal(task.Payload, &b); err != nil {
						yield(asynctask.Request{}, err)
						return
					}
					for _, account := range b.Accounts {
						for device := range devices(account) {
							if !yield(asynctask.Request{Name: device, Topic: "provision", EventType: "DeviceCreated", Key: account}, nil) {
								return
							}
						}
					}
				}
			},
		}}},
	}
}

type bulk struct {
	Accounts []string `json:"accounts"`
}

// direct is a bus that hands each message to its receiver after the call.
type direct struct{ queue []*eventbus.Message }

func (d *direct) Publish(_ context.Context, msgs ...*eventbus.Message) error {
	d.queue = append(d.queue, msgs...)
	return nil
}

// Example runs a small sync in memory, step by step; services have a Manager
// each, register the callbacks with their consumers, and call Run.
func Example() {
	ctx := context.Background()
	bus := &direct{}
	devices := func(account string) iter.Seq[string] {
		return func(yield func(string) bool) { _ = yield(account+"-router") && yield(account+"-phone") }
	}
	m, err := asynctask.NewManager(memstore.New(), bus, asynctask.Config{Logger: slog.New(slog.DiscardHandler)},
		syncDefinitions([]string{"smith", "jones"}, devices)...)
	if err != nil {
		fmt.Println(err)
		return
	}
	adaptor := func(msg *eventbus.Message) error { // answers what is not a task
		id := map[string]string{}
		_ = json.Unmarshal(msg.Payload, &id)
		reply, err := eventbus.NewMessage(id["reply_topic"], msg.EventType+"Reply", msg.Key,
			asynctask.Reply{RequestID: id["request_id"], JobID: id["job_id"], Status: asynctask.StatusOK})
		bus.queue = append(bus.queue, reply)
		return err
	}
	_, err = m.Start(ctx, asynctask.StartOptions{Type: "SyncAll", ID: "SyncAll_1", JobID: "job", RequestID: "me", ReplyTopic: "mine"})
	for err == nil {
		if err = m.Sweep(ctx); err != nil || len(bus.queue) == 0 {
			break
		}
		msg := bus.queue[0]
		bus.queue = bus.queue[1:]
		switch msg.EventType {
		case "SyncAccounts", "SyncAccountsBulk":
			err = m.Starter(msg.EventType).Notify(ctx, msg)
		case "SyncSystem", "DeviceCreated":
			err = adaptor(msg)
		case "SyncAllReply":
			fmt.Fprintf(os.Stdout, "%s\n", msg.Payload)
		default:
			err = m.Replies().Notify(ctx, msg)
		}
	}
	levels, _ := m.Progress(ctx, "job")
	for _, l := range levels {
		fmt.Fprintf(os.Stdout, "%s/%s: %d of %d\n", l.Type, l.Step, l.OK, l.Total)
	}
	// Output:
	// {"request_id":"me","job_id":"job","status":"ok","counts":{"total":5,"ok":5,"failed":0}}
	// SyncAll/system: 1 of 1
	// SyncAll/accounts: 1 of 1
	// SyncAccounts/bulks: 2 of 2
	// SyncAccountsBulk/devices: 4 of 4
}
