// Command fanout asks for 10,000 greetings and ends when all were answered. Kill it
// at any moment and run it again on the same file: it goes on where it was.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/sqlstore"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

func main() {
	ctx := context.Background()
	store := must(sqlstore.New(ctx, must(sqlstore.OpenSQLite(os.Args[1], false))))
	bus := eventbus.NewFactory(membus.New(membus.Config{Partitions: 64}), eventbus.FactoryConfig{}) // what is handled at once is stored at once
	out, in := must(bus.Producer(eventbus.ClientDefault)), must(bus.Consumer("fanout", eventbus.ClientDefault))

	people := make([]asynctask.Request, 10_000)
	for i := range people {
		people[i] = asynctask.Request{Name: "person-" + strconv.Itoa(i), Topic: "greet", EventType: "Greet"}
	}
	manager := must(asynctask.NewManager(store, out, asynctask.Config{}, asynctask.Definition{
		Type: "Greetings",
		Steps: []asynctask.Step{{
			Name: "greet", Requests: asynctask.Fixed(people...), ReplyTopic: "replies", ReplyEvents: []string{"Greeted"},
			Window: 100, Timeout: 10 * time.Second, // what a kill takes from the bus is asked again
			Retry: asynctask.Retry{Attempts: 100},
		}},
	}))
	greet := eventbus.CallbackFunc(func(ctx context.Context, msg *eventbus.Message) error {
		return out.Publish(ctx, must(eventbus.NewMessage("replies", "Greeted", msg.Key,
			asynctask.Reply{RequestID: msg.Key, Status: asynctask.StatusOK})))
	})
	none(in.Register(eventbus.Registry{Topic: "greet", Callback: greet}, eventbus.Registry{Topic: "replies", Callback: manager.Replies()}))

	// The same id finds the task that an earlier run started.
	task := must(manager.Start(ctx, asynctask.StartOptions{Type: "Greetings", ID: "Greetings_1"})).Task
	go func() { none(manager.Run(ctx)) }()
	for ; !task.State.Final(); task = must(manager.Task(ctx, task.ID)) {
		time.Sleep(100 * time.Millisecond)
	}
	_, _ = fmt.Fprintf(os.Stdout, "%s: %d of %d\n", task.State, task.Counts.OK, task.Counts.Total)
}

func must[T any](v T, err error) T {
	none(err)
	return v
}

func none(err error) {
	if err != nil {
		slog.Error("fanout", "err", err)
		os.Exit(1)
	}
}
