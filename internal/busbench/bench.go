package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

const partitions = 8

type bench struct {
	brokers []string
	rounds  int
	only    string
	serial  int
	report  func(row)
}

// row compares us with one peer.
type row struct {
	name, unit, peer, goal string
	ours, theirs           sample
}

// sample is one measurement: messages per second, and what each message cost
// this process in allocations and in CPU time, which a busy machine distorts less.
type sample struct{ rate, allocs, cpu float64 }

// contender runs one measurement once.
type contender struct {
	name string
	run  func() (sample, error)
}

// compare runs the contenders in turn, some rounds, and reports the first
// against each other one.
func (b *bench) compare(name, unit string, goals []string, contenders ...contender) error {
	samples := make([][]sample, len(contenders))
	for range b.rounds {
		for i, c := range contenders {
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
			name: name, unit: unit, peer: c.name, goal: goals[i], ours: median(samples[0]), theirs: median(samples[i+1]),
		})
	}
	return nil
}

func median(all []sample) sample {
	slices.SortFunc(all, func(a, b sample) int { return int(a.rate - b.rate) })
	return all[len(all)/2]
}

// measure times work over n messages.
func measure(n int, work func() error) (sample, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, cpu := time.Now(), cpuTime()
	err := work()
	took, used := time.Since(start), cpuTime()-cpu
	runtime.ReadMemStats(&after)
	return sample{
		rate:   float64(n) / took.Seconds(),
		allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
		cpu:    float64(used.Nanoseconds()) / 1000 / float64(n),
	}, err
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
		{"consume 200 B", func() error { return b.consume(200) }},
		{"consume 1024 B", func() error { return b.consume(1024) }},
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
