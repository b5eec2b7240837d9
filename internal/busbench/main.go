// Command busbench compares eventbus with its peers in one run: raw franz-go
// and watermill-kafka, on the same broker, in turn, several rounds. A
// ratio is the median of the ratios of the rounds, beside the least and the greatest.
//
//	go run ./internal/busbench            # embedded broker, in a child process
//	go run ./internal/busbench -brokers 127.0.0.1:9092
package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime/pprof"
	"strings"
	"text/tabwriter"
)

func main() {
	// The consumers' logs would cost more than what is measured.
	slog.SetDefault(slog.New(slog.DiscardHandler))
	serve := flag.Bool("serve", false, "be the embedded broker")
	brokers := flag.String("brokers", "", "addresses of a real broker; default: embedded")
	rounds := flag.Int("rounds", 6, "rounds per measurement")
	scale := flag.Float64("scale", 1, "makes rounds longer or shorter: 1 is 1.4 s of publishing, a million of 200 B to consume")
	profile := flag.String("cpuprofile", "", "write a CPU profile of the clients to this file")
	memory := flag.String("memprofile", "", "write a profile of the clients' allocations to this file")
	only := flag.String("only", "", "run only what contains this: publish or consume with 200 or 1024 B, lanes, topics")
	flag.Parse()
	if *serve {
		serveBroker()
		return
	}
	if *profile != "" {
		file, err := os.Create(*profile)
		if err != nil {
			fmt.Fprintln(os.Stderr, "busbench:", err)
			os.Exit(1)
		}
		_ = pprof.StartCPUProfile(file)
	}
	err := run(*brokers, *rounds, *scale, *only)
	pprof.StopCPUProfile()
	if *memory != "" {
		err = errors.Join(err, writeAllocs(*memory))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "busbench:", err)
		os.Exit(1)
	}
}

func writeAllocs(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}

func run(brokers string, rounds int, scale float64, only string) error {
	addrs := strings.Split(brokers, ",")
	if brokers == "" {
		broker, err := startBroker()
		if err != nil {
			return err
		}
		defer broker.stop()
		addrs = []string{broker.addr}
	}
	bench := &bench{brokers: addrs, rounds: rounds, scale: scale, only: only}
	out := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(out, "measurement\tours\tunit\tpeer\tpeer's\tratio\tmin..max\tallocs/msg ours\tpeer's\tCPU us/msg ours\tpeer's\tgoal")
	bench.report = func(r row) {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%.2f\t%.2f..%.2f\t%s\t%s\t%s\t%s\t%s\n",
			r.name, number(r.ours.rate), r.unit, r.peer, number(r.theirs.rate),
			median(r.ratios), r.ratios[0], r.ratios[len(r.ratios)-1],
			decimal(r.ours.allocs), decimal(r.theirs.allocs), decimal(r.ours.cpu), decimal(r.theirs.cpu), r.goal)
		_ = out.Flush()
	}
	return bench.all()
}

func number(f float64) string {
	if f == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", f)
}

func decimal(f float64) string {
	if f == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", f)
}
