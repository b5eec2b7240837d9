package wire_test

import (
	"bufio"
	"context"
	"os"
	"strconv"
	"sync/atomic"

	"google.golang.org/grpc/metadata"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/embedkafka"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/management"
	"github.com/hexplane/hexplane/services/management/wire"
)

// What the crash test's child processes read from their environment.
const (
	childRole    = "CRASH_TEST_CHILD"    // management or broker
	childPauseAt = "CRASH_TEST_PAUSE_AT" // the boundary at which management stops and asks
	childPort    = "CRASH_TEST_PORT"     // of the broker
	childDir     = "CRASH_TEST_DIR"      // of the broker
)

// marked is the metadata of the calls whose boundaries count.
const marked = "x-crash-test"

// runChild is the main function of a child process.
func runChild(role string) error {
	if role == "broker" {
		port, err := strconv.Atoi(os.Getenv(childPort))
		if err != nil {
			return err
		}
		broker, err := embedkafka.Start(embedkafka.Config{Dir: os.Getenv(childDir), Port: port})
		if err != nil {
			return err
		}
		defer broker.Close()
		say("ready")
		<-make(chan struct{}) // until killed
	}
	at, err := strconv.Atoi(os.Getenv(childPauseAt))
	if err != nil {
		return err
	}
	app := wire.App()
	app.New = func(ctx context.Context, p *service.Platform, cfg wire.Config) (*service.Service, error) {
		g := &gate{at: int64(at)}
		return wire.NewAround(ctx, p, cfg, g.state, g.demeter, g.events)
	}
	return service.Run(context.Background(), app, nil, environ(), os.Stdout, os.Stderr)
}

// say tells the parent.
func say(word string) { _, _ = os.Stdout.WriteString(word + "\n") }

func environ() map[string]string {
	env := map[string]string{}
	for _, name := range []string{"DATA_DIR", "KAFKA_BROKERS", "GRPC_ADDR", "ADMIN_ADDR", "LOG_LEVEL"} {
		env[name] = os.Getenv(name)
	}
	return env
}

// gate counts the boundaries that a creation passes: before and after each call
// of a driven port. At one of them it tells the parent and waits to be let
// through, or killed.
type gate struct {
	at     int64
	passed atomic.Int64
	armed  atomic.Bool // a marked call has come
}

func (g *gate) pass(ctx context.Context) {
	if len(metadata.ValueFromIncomingContext(ctx, marked)) > 0 {
		g.armed.Store(true)
		g.boundary()
	}
}

func (g *gate) boundary() {
	if g.passed.Add(1) != g.at {
		return
	}
	say("boundary")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

func (g *gate) state(s management.StateStore) management.StateStore { return gatedState{s, g} }

func (g *gate) demeter(s management.DemeterStore) management.DemeterStore { return gatedDemeter{s, g} }

func (g *gate) events(p eventbus.Publisher) eventbus.Publisher { return gatedBus{p, g} }

type gatedState struct {
	management.StateStore

	gate *gate
}

func (s gatedState) Update(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	s.gate.pass(ctx)
	defer s.gate.pass(ctx)
	return s.StateStore.Update(ctx, fn)
}

type gatedDemeter struct {
	management.DemeterStore

	gate *gate
}

func (d gatedDemeter) CreateAccount(ctx context.Context, a management.Account, p management.Project) error {
	d.gate.pass(ctx)
	defer d.gate.pass(ctx)
	return d.DemeterStore.CreateAccount(ctx, a, p)
}

func (d gatedDemeter) CreateProjects(ctx context.Context, p ...management.Project) (map[string]error, error) {
	d.gate.pass(ctx)
	defer d.gate.pass(ctx)
	return d.DemeterStore.CreateProjects(ctx, p...)
}

type gatedBus struct {
	eventbus.Publisher

	gate *gate
}

// Publish has no marked context: the relay sends what a marked call has stored.
func (b gatedBus) Publish(ctx context.Context, msgs ...*eventbus.Message) error {
	if b.gate.armed.Load() {
		b.gate.boundary()
		defer b.gate.boundary()
	}
	return b.Publisher.Publish(ctx, msgs...)
}
