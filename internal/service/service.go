package service

import (
	"context"
	"net"
	"net/http"

	"github.com/hexplane/hexplane/eventbus"
)

// Service is a wired service: what Host.Run starts and stops.
type Service struct {
	// Platform is what the service was wired on.
	Platform *Platform
	// Handler is the REST interface, served on the platform's HTTP_ADDR; nil: none.
	Handler http.Handler
	// Listener, when set, serves the Handler in place of HTTP_ADDR.
	Listener net.Listener
	// Consumers are registered once the loops run, and drained before these stop.
	Consumers []Consumer
	// Loops run in the background, each until its context ends. One that returns an
	// error while the service runs stops the process.
	Loops []Loop
}

// Consumer is a consumer group with what it listens to.
type Consumer struct {
	Group      string
	ClientType eventbus.ClientType // default: eventbus.ClientDefault
	Registries []eventbus.Registry
	// Failure, when set, says what happens to a message whose callback fails;
	// default: the bus's own policy.
	Failure *eventbus.FailurePolicy
	// Started, when set, is given the consumer once it consumes. It stays the
	// runtime's, which closes it.
	Started func(*eventbus.Consumer)
}

// Loop is a named background activity.
type Loop struct {
	Name string
	Run  func(ctx context.Context) error
}
