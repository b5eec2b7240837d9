package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const partitions = 8

type bench struct {
	brokers []string
	rounds  int
	scale   float64 // of the seconds and messages per side and round
	only    string
	serial  int
	report  func(row)
}

// row compares us with one peer.
type row struct {
	name, unit, peer, goal string
	ours, theirs           sample    // medians
	ratios                 []float64 // ours to theirs, one per round, sorted
}

// sample is one measurement: messages per second, and what each message cost
// this process in allocations and in CPU time, which a busy machine distorts less.
type sample struct{ rate, allocs, cpu float64 }

// contender runs one measurement once.
type contender struct {
	name string
	run  func() (sample, error)
}

// compare runs the contenders, and reports the first against each other one. The
// first two are always timed next to each other; every other round goes backwards,
// so that none profits from its place. A ratio is of one round.
func (b *bench) compare(name, unit string, goals []string, contenders ...contender) error {
	samples := make([][]sample, len(contenders))
	for round := range b.rounds {
		for i := range contenders {
			if round%2 == 1 {
				i = len(contenders) - 1 - i
			}
			c := contenders[i]
			runtime.GC()
			s, err := c.run()
			if err != nil {
				return fmt.Errorf("%s: %s: %w", name, c.name, err)
			}
			samples[i] = append(samples[i], s)
		}
	}
	for i, c := range contenders[1:] {
		b.report(row{
			name: name, unit: unit, peer: c.name, goal: goals[i],
			ours: medians(samples[0]), theirs: medians(samples[i+1]), ratios: ratios(samples[0], samples[i+1]),
		})
	}
	return nil
}

func medians(all []sample) sample {
	of := func(value func(sample) float64) float64 {
		var values []float64
		for _, s := range all {
			values = append(values, value(s))
		}
		slices.Sort(values)
		return median(values)
	}
	return sample{
		rate:   of(func(s sample) float64 { return s.rate }),
		allocs: of(func(s sample) float64 { return s.allocs }),
		cpu:    of(func(s sample) float64 { return s.cpu }),
	}
}

func ratios(ours, theirs []sample) []float64 {
	all := make([]float64, len(ours))
	for i := range all {
		all[i] = ours[i].rate / theirs[i].rate
	}
	slices.Sort(all)
	return all
}

// median is of sorted values.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// meter measures from its start on.
type meter struct {
	memory runtime.MemStats
	cpu    time.Duration
	at     time.Time
}

func startMeter() *meter {
	m := new(meter)
	runtime.ReadMemStats(&m.memory)
	m.cpu, m.at = cpuTime(), time.Now()
	return m
}

// stop returns what n messages took.
func (m *meter) stop(n int) sample {
	took, used := time.Since(m.at), cpuTime()-m.cpu
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return sample{
		rate:   float64(n) / took.Seconds(),
		allocs: float64(now.Mallocs-m.memory.Mallocs) / float64(n),
		cpu:    float64(used.Nanoseconds()) / 1000 / float64(n),
	}
}

// counter measures n messages, from the first that is handled to the last: what
// comes before, as connecting and joining a group, is not part of it.
type counter struct {
	n     int64
	seen  atomic.Int64
	from  *meter
	began chan struct{} // closed when from is set
	done  chan sample
}

func newCounter(n int) *counter {
	return &counter{n: int64(n), began: make(chan struct{}), done: make(chan sample, 1)}
}

// add costs one atomic addition, which handlers that run at the same time share.
func (c *counter) add() {
	switch c.seen.Add(1) {
	case 1:
		c.from = startMeter()
		close(c.began)
	case c.n:
		<-c.began
		c.done <- c.from.stop(int(c.n))
	}
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (b *bench) name(kind string) string {
	b.serial++
	return fmt.Sprintf("bench-%s-%d-%d", kind, time.Now().UnixMilli(), b.serial)
}

// all runs the measurements whose name contains b.only.
func (b *bench) all() error {
	for _, m := range []struct {
		name string
		run  func() error
	}{
		{"publish 200 B", func() error { return b.publish(200) }},
		{"publish 1024 B", func() error { return b.publish(1024) }},
		{"consume 200 B", func() error { return b.consume(200, 1_000_000) }},
		{"consume 1024 B", func() error { return b.consume(1024, 600_000) }},
		{"lanes", b.lanes},
		{"topics", b.topics},
	} {
		if !strings.Contains(m.name, b.only) {
			continue
		}
		if err := m.run(); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}
