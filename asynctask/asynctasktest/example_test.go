package asynctasktest_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/asynctasktest"
	"github.com/hexplane/hexplane/asynctask/memstore"
	"github.com/hexplane/hexplane/eventbus"
)

// silence is a bus behind which nobody answers.
type silence struct{}

func (silence) Publish(context.Context, ...*eventbus.Message) error { return nil }

// A request that nobody answers is published three times, an hour apart. The test
// of that takes no time.
func ExampleClock() {
	ctx := context.Background()
	clock := asynctasktest.NewClock(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	m, err := asynctask.NewManager(memstore.New(), silence{}, asynctask.Config{Clock: clock, Logger: slog.New(slog.DiscardHandler)},
		asynctask.Definition{Type: "Greeting", Steps: []asynctask.Step{{
			Name: "greet", Requests: asynctask.Fixed(asynctask.Request{Name: "smith", Topic: "greet", EventType: "Greet"}),
			ReplyEvents: []string{"Greeted"}, Timeout: time.Hour, Retry: asynctask.Retry{Attempts: 3},
		}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = m.Start(ctx, asynctask.StartOptions{Type: "Greeting", ID: "Greeting_1"})
	for hour := 0; err == nil && hour <= 3; hour++ {
		if err = m.Sweep(ctx); err == nil {
			task, _ := m.Task(ctx, "Greeting_1")
			fmt.Fprintln(os.Stdout, "hour", hour, task.State)
			clock.Advance(time.Hour)
		}
	}
	failures, _ := m.Failures(ctx, asynctask.RequestFilter{TaskID: "Greeting_1"})
	for _, f := range failures {
		fmt.Fprintln(os.Stdout, f.Name, f.Reply.Error)
	}
	// Output:
	// hour 0 running
	// hour 1 running
	// hour 2 running
	// hour 3 failed
	// smith timeout: no reply after 3 attempts
}
