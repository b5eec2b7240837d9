package job

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hexplane/hexplane/internal/fullsync/gateway"
	"github.com/hexplane/hexplane/internal/fullsync/input"
)

// loader sends the input through the gateways.
type loader struct {
	run   *run
	group *errgroup.Group
	bar   *bar

	mu       sync.Mutex
	accounts int
	devices  int
	refused  []int
	// associated lists, by ISP and agent package, the routers that run it.
	associated map[string]map[string][]string
}

// provision loads the input, waits until all of it has arrived in the backend, and
// associates routers with their agent packages.
func (r *run) provision(ctx context.Context) error {
	started := time.Now()
	l := &loader{run: r, associated: map[string]map[string][]string{}}
	l.bar = newBar(r.Out, r.Terminal, "loading households", countLines(r.Input))
	if err := l.load(ctx); err != nil {
		return err
	}
	r.state.Refused = l.refused
	if err := r.save(); err != nil {
		return err
	}
	took := time.Since(started)
	r.sayf("loaded %d accounts with %d devices through the gateway in %s (%.0f devices/s)",
		l.accounts, l.devices, took.Round(time.Millisecond), float64(l.devices)/took.Seconds())
	if err := r.arrived(ctx); err != nil {
		return err
	}
	if err := l.associate(ctx); err != nil {
		return err
	}
	return r.settle(ctx)
}

// load sends the providers one after the other, and then as many households at a time
// as Concurrency says. A household that is refused does not stop the others.
func (l *loader) load(ctx context.Context) error {
	var groupCtx context.Context
	l.group, groupCtx = errgroup.WithContext(ctx)
	l.group.SetLimit(l.run.Concurrency)
	report := func(err error) { l.run.sayf("input: %v", err) }
	err := l.run.households(report, func(line input.Line, provider *input.Provider) error {
		client := l.run.Gateways[provider.ISPID]
		if line.Provider != nil {
			if err := client.Provider(groupCtx, line.Provider); err != nil {
				return fmt.Errorf("provider %s: %w", provider.ISPID, err)
			}
			return nil
		}
		l.group.Go(func() error { return l.household(groupCtx, client, line) })
		return groupCtx.Err()
	})
	if groupErr := l.group.Wait(); groupErr != nil {
		err = groupErr
	}
	l.bar.done()
	return err
}

func (l *loader) household(ctx context.Context, client *gateway.Client, line input.Line) error {
	err := client.Household(ctx, line.Household)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bar.add(1)
	if gateway.StatusOf(err) != 0 {
		l.refused = append(l.refused, line.Number)
		l.run.refused[line.Number] = true
		l.run.sayf("input: line %d: %v", line.Number, err)
		return nil
	}
	if err != nil {
		return err
	}
	l.accounts++
	l.devices += len(line.Household.Devices)
	isp := line.Household.Account.ISPID
	for device, pkg := range line.Household.AgentPackages {
		if l.associated[isp] == nil {
			l.associated[isp] = map[string][]string{}
		}
		l.associated[isp][pkg] = append(l.associated[isp][pkg], device)
	}
	return nil
}

func (l *loader) associate(ctx context.Context) error {
	for isp, packages := range l.associated {
		for pkg, routers := range packages {
			if err := l.run.Gateways[isp].Associate(ctx, pkg, routers); err != nil {
				return fmt.Errorf("agent package %s: %w", pkg, err)
			}
		}
	}
	return nil
}

// countLines is how many households the input has, broken ones included.
func countLines(path string) int {
	n := 0
	// An input that cannot be read shows when it is loaded.
	_ = eachLine(path, func(line input.Line, _ *input.Provider, _ error) error {
		if line.Provider == nil {
			n++
		}
		return nil
	})
	return n
}
