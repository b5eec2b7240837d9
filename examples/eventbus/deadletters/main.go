// Command deadletters works through dead letters:
//
//	go run ./examples/eventbus/deadletters list    -brokers 127.0.0.1:9092 -topic orders -reason exhausted
//	go run ./examples/eventbus/deadletters show    -dlq orders.billing.dlq -id 0-3
//	go run ./examples/eventbus/deadletters requeue -topic orders -group billing -reason exhausted
//	go run ./examples/eventbus/deadletters discard -dlq orders.billing.dlq -id 0-3
//
// requeue and discard take one letter, by -dlq and -id, or all that the filter
// names; they want one of the two.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/hexplane/hexplane/eventbus/deadletter"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type options struct {
	filter  deadletter.Filter
	dlq, id string
}

func run(ctx context.Context, out io.Writer, args []string) error {
	if len(args) == 0 {
		return errors.New("say list, show, requeue or discard")
	}
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(out)
	brokers := flags.String("brokers", "127.0.0.1:9092", "addresses of Kafka brokers, separated by commas")
	flags.StringVar(&o.filter.Topic, "topic", "", "letters of this topic")
	flags.StringVar(&o.filter.Group, "group", "", "letters of this group")
	flags.StringVar(&o.filter.Reason, "reason", "", "letters for this reason: undecodable, permanent, exhausted")
	flags.StringVar(&o.dlq, "dlq", "", "dead-letter topic of one letter")
	flags.StringVar(&o.id, "id", "", "id of one letter")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	desk, err := deadletter.NewDesk(franzbus.New(franzbus.Config{Brokers: strings.Split(*brokers, ",")}))
	if err != nil {
		return err
	}
	defer desk.Close()
	switch args[0] {
	case "list":
		return list(ctx, out, desk, o.filter)
	case "show":
		return show(ctx, out, desk, o)
	case "requeue":
		return each(ctx, out, desk, o, "requeued", desk.Requeue)
	case "discard":
		return each(ctx, out, desk, o, "discarded", desk.Discard)
	}
	return fmt.Errorf("unknown command %q", args[0])
}

func list(ctx context.Context, out io.Writer, desk *deadletter.Desk, filter deadletter.Filter) error {
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "DLQ\tID\tTIME\tREASON\tATTEMPTS\tERROR")
	for l, err := range desk.List(ctx, filter) {
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", l.DLQ, l.ID, l.Time.Format(time.RFC3339), l.Reason, l.Attempts, l.Error)
	}
	return nil
}

func show(ctx context.Context, out io.Writer, desk *deadletter.Desk, o options) error {
	l, err := desk.Get(ctx, o.dlq, o.id)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s of %s, offset %d of partition %d, key %q\n", l.Reason, l.Topic, l.Offset, l.Partition, l.Record.Key)
	for _, h := range l.Record.Headers {
		fmt.Fprintf(out, "%s: %s\n", h.Key, h.Value)
	}
	_, err = fmt.Fprintf(out, "\n%s\n", l.Record.Value)
	return err
}

func each(
	ctx context.Context, out io.Writer, desk *deadletter.Desk, o options, done string,
	decide func(context.Context, ...*deadletter.Letter) error,
) error {
	letters, err := chosen(ctx, desk, o)
	if err != nil {
		return err
	}
	for _, l := range letters {
		if err := decide(ctx, l); err != nil {
			return err
		}
		fmt.Fprintln(out, done, l.DLQ, l.ID)
	}
	return nil
}

// chosen collects the letters first: deciding adds to what is being listed.
func chosen(ctx context.Context, desk *deadletter.Desk, o options) ([]*deadletter.Letter, error) {
	if o.id != "" {
		l, err := desk.Get(ctx, o.dlq, o.id)
		return []*deadletter.Letter{l}, err
	}
	if o.filter == (deadletter.Filter{}) {
		return nil, errors.New("say which: -dlq and -id, or -topic, -group or -reason")
	}
	var letters []*deadletter.Letter
	for l, err := range desk.List(ctx, o.filter) {
		if err != nil {
			return nil, err
		}
		letters = append(letters, l)
	}
	return letters, nil
}
